import type { Picture } from '../jobs.js'

/** The object URLs made for one place of the page, to give back together when it goes. */
export class PictureUrls {
  readonly #made: string[] = []

  /** Whatever a worker called it, it is a picture: under its URL a page would be one of ours. */
  of({ bytes, mime }: Picture): string {
    const url = URL.createObjectURL(new Blob([bytes], { type: mime === 'image/webp' ? mime : 'image/jpeg' }))
    this.#made.push(url)
    return url
  }

  revoke(): void {
    for (const url of this.#made.splice(0)) URL.revokeObjectURL(url)
  }
}
