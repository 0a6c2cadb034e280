import type { Picture } from '../jobs.js'
import type { Sheet } from './album.js'
import { element, part } from './element.js'
import { JobPanel } from './jobPanel.js'
import { PictureUrls } from './pictureUrls.js'
import { counted } from './words.js'

/** Where the contact sheet is shown, above the frames. */
export class SheetPanel {
  readonly #root = part('contact-sheet', HTMLElement)
  readonly #urls = new PictureUrls()

  wait(text: string): void {
    this.#fill('waiting', element('p', { className: 'word' }, text))
  }

  fail(text: string): void {
    this.#fill('failed', element('p', { className: 'word' }, text))
  }

  /** Makes room for the job that lays the sheet out. */
  attend(): JobPanel {
    const panel = new JobPanel('contact sheet')
    this.#fill('waiting', panel.root)
    return panel
  }

  show(picture: Picture, { count, leftOut }: Sheet): void {
    const url = this.#urls.of(picture)
    const image = element('img', { src: url, alt: `Contact sheet of ${counted(count, 'frame')}`, width: picture.width, height: picture.height })
    const words = element('p', { className: 'word' }, `${counted(count, 'frame')} on one sheet.`)
    if (leftOut.length > 0) words.append(` Left out: ${leftOut.join(', ')}.`)
    const link = element('a', { href: url, download: 'contact-sheet.jpg', className: 'button' }, 'Download')
    this.#fill('ready', image, element('div', { className: 'under' }, words, link))
    this.#root.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  }

  hide(): void {
    this.#root.hidden = true
    this.#root.replaceChildren()
    this.#urls.revoke()
  }

  #fill(state: string, ...children: Node[]): void {
    this.#root.hidden = false
    this.#root.dataset.state = state
    this.#root.replaceChildren(...children)
  }
}
