import type { Band } from '../jobs.js'
import { element } from './element.js'

/** A painting while it is painted: clear where there is no paint yet. */
export class WetCanvas {
  readonly root = element('canvas', { role: 'img' })

  constructor(name: string) {
    this.root.ariaLabel = name
  }

  /** Lays one band of paint over what is there. The first of an attempt begins on a clear canvas. */
  async add({ bytes, mime, top, canvas }: Band, index: number): Promise<void> {
    const paint = await createImageBitmap(new Blob([bytes], { type: mime }))
    // Setting the size of a canvas clears it.
    if (index === 0) Object.assign(this.root, { width: canvas.width, height: canvas.height })
    this.root.getContext('2d')?.drawImage(paint, 0, top)
    paint.close()
  }
}
