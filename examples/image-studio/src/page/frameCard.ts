import type { Picture, Swatch, Thumbnail } from '../jobs.js'
import type { Frame } from './album.js'
import { button, element } from './element.js'
import { FilmWindow } from './filmWindow.js'
import { JobPanel } from './jobPanel.js'
import { PictureUrls } from './pictureUrls.js'
import { swatchList } from './swatches.js'
import { inBytes } from './words.js'

const stages = { thumbnail: 'thumbnail', palette: 'colours', sizes: 'sizes' } as const

/** What every frame is developed for, without being asked. */
export type Stage = keyof typeof stages

interface Actions {
  readonly onPaint: () => void
  readonly onPrint: () => void
  readonly onRemove: () => void
}

/** How one frame looks: its picture on film, and underneath what is known of it. */
export class FrameCard {
  readonly root: HTMLElement
  readonly name: string
  readonly window = new FilmWindow()
  readonly painting: JobPanel
  readonly print: JobPanel
  readonly #removed = new AbortController()
  readonly #size: number
  readonly #urls = new PictureUrls()
  readonly #facts = element('p', { className: 'facts' })
  readonly #colours = element('div', { className: 'colours' })
  readonly #prints = element('p', { className: 'prints' })
  readonly #trouble = element('p', { className: 'trouble', hidden: true })
  readonly #orders: readonly HTMLButtonElement[]
  #model: Picture | undefined
  readonly #stages = {
    thumbnail: element('li', {}, stages.thumbnail),
    palette: element('li', {}, stages.palette),
    sizes: element('li', {}, stages.sizes),
  }

  constructor({ name, size }: Frame, { onPaint, onPrint, onRemove }: Actions) {
    this.name = name
    this.#size = size
    this.#facts.textContent = inBytes(size)
    const paint = button('Paint in oils', onPaint)
    const print = button('Print on silver', onPrint)
    this.#orders = [paint, print]
    this.painting = new JobPanel('oil painting', paint)
    this.print = new JobPanel('silver print', print)
    this.model = undefined
    const remove = button('×', onRemove, 'remove')
    remove.ariaLabel = `Remove ${name}`
    remove.title = 'Remove'
    const progress = element('ul', { className: 'stages', ariaLabel: 'Progress' }, ...Object.values(this.#stages))
    this.window.say('developing')
    const film = element('div', { className: 'film' }, this.window.root)
    const title = element('h3', { title: name }, name)
    const head = element('div', { className: 'head' }, title, remove)
    const label = element('div', { className: 'label' }, head, this.#facts, this.#trouble, this.#colours, this.#prints)
    label.append(
      this.painting.root,
      this.print.root,
      element('div', { className: 'foot' }, progress, element('div', { className: 'orders' }, ...this.#orders)),
    )
    this.root = element('article', { className: 'frame', ariaLabel: name, data: { state: 'developing' } }, film, label)
  }

  /** What painters and printers work from; they have to wait for it. */
  get model(): Picture | undefined {
    return this.#model
  }

  set model(picture: Picture | undefined) {
    this.#model = picture
    for (const order of this.#orders) order.disabled = !picture
  }

  /** Aborts when the frame is taken off the table; what arrives for it then is for nobody. */
  get signal(): AbortSignal {
    return this.#removed.signal
  }

  get gone(): boolean {
    return this.signal.aborted
  }

  /** How far one of the things asked for this frame has come. */
  stage(task: Stage, state: 'waiting' | 'done' | 'failed', detail = ''): void {
    const place = this.#stages[task]
    place.dataset.state = state
    place.title = detail
    place.ariaLabel = `${stages[task]}: ${state}${detail && `, ${detail}`}`
    if (task === 'thumbnail' && state === 'waiting' && detail) this.window.say(detail)
  }

  showThumbnail(picture: Thumbnail): void {
    const { original, width, height } = picture
    this.root.dataset.state = 'developed'
    this.model ??= picture
    this.#facts.textContent = `${original.width} × ${original.height} · ${original.format.toUpperCase()} · ${inBytes(this.#size)}`
    this.window.lay('photograph', element('img', { src: this.#urls.of(picture), alt: `Thumbnail of ${this.name}`, width, height }))
  }

  showColours(swatches: readonly Swatch[]): void {
    this.#colours.replaceChildren(swatchList(swatches))
  }

  showSizes(pictures: readonly Picture[]): void {
    this.model = pictures.filter(({ width }) => width <= 960).at(-1) ?? pictures[0] ?? this.model
    const links = pictures.map((picture) => {
      const { width, height, bytes } = picture
      const title = `${width} × ${height}, ${inBytes(bytes.length)}`
      return element('a', { href: this.#urls.of(picture), download: `${stem(this.name)}-${width}.jpg`, title }, `${width}`)
    })
    this.#prints.replaceChildren('Prints ', ...links)
  }

  showPainting(picture: Picture): void {
    this.#showWork('painting', picture, { alt: `${this.name} in oils`, text: 'In oils, four coats.', suffix: 'oils' })
  }

  showPrint(picture: Picture): void {
    this.#showWork('print', picture, { alt: `${this.name} on silver`, text: 'On silver, after all.', suffix: 'silver' })
  }

  fail(text: string): void {
    if (this.root.dataset.state !== 'developed') {
      this.root.dataset.state = 'failed'
      this.window.say('no picture')
    }
    this.#trouble.hidden = false
    this.#trouble.textContent = text
  }

  /** Takes the card off the page. */
  remove(): void {
    this.#removed.abort()
    this.painting.close()
    this.print.close()
    this.root.remove()
    this.#urls.revoke()
  }

  #showWork(what: 'painting' | 'print', picture: Picture, { alt, text, suffix }: { alt: string; text: string; suffix: string }): void {
    const url = this.#urls.of(picture)
    this.window.lay(what, element('img', { src: url, alt, className: what, width: picture.width, height: picture.height }))
    const link = element('a', { href: url, download: `${stem(this.name)}-${suffix}.jpg` }, 'Download')
    this[what].end('done', text, this.window.toggle(what), link)
  }
}

const stem = (name: string) => name.replace(/\.[^.]+$/, '')
