import type { Picture, Swatch, Thumbnail } from '../jobs.js'
import type { Frame, Task } from './album.js'
import { button, element } from './element.js'
import { PictureUrls } from './pictureUrls.js'
import { swatchList } from './swatches.js'
import { inBytes } from './words.js'

const stages = { thumbnail: 'thumbnail', palette: 'colours', sizes: 'sizes' } as const

/** How one frame looks: its picture on film, and underneath what is known of it. */
export class FrameCard {
  readonly root: HTMLElement
  readonly name: string
  /** Whether the frame has been taken off the table; what arrives for it then is for nobody. */
  gone = false
  /** The print a painter would work from. */
  model: Picture | undefined
  readonly #size: number
  readonly #urls = new PictureUrls()
  readonly #window = element('div', { className: 'window' })
  readonly #facts = element('p', { className: 'facts' })
  readonly #colours = element('div', { className: 'colours' })
  readonly #prints = element('p', { className: 'prints' })
  readonly #trouble = element('p', { className: 'trouble', hidden: true })
  readonly #painting = element('div', { className: 'painting', hidden: true })
  readonly #paint: HTMLButtonElement
  readonly #stages = {
    thumbnail: element('li', {}, stages.thumbnail),
    palette: element('li', {}, stages.palette),
    sizes: element('li', {}, stages.sizes),
  }

  constructor({ name, size }: Frame, actions: { readonly onPaint: () => void; readonly onRemove: () => void }) {
    this.name = name
    this.#size = size
    this.#facts.textContent = inBytes(size)
    this.#paint = button('Paint in oils', actions.onPaint)
    this.#paint.disabled = true
    const remove = button('×', actions.onRemove, 'remove')
    remove.ariaLabel = `Remove ${name}`
    remove.title = 'Remove'
    const progress = element('ul', { className: 'stages', ariaLabel: 'Progress' }, ...Object.values(this.#stages))
    this.#window.append(element('p', { className: 'undeveloped' }, 'developing'))
    const film = element('div', { className: 'film' }, this.#window)
    const title = element('h3', { title: name }, name)
    const head = element('div', { className: 'head' }, title, remove)
    const label = element('div', { className: 'label' }, head, this.#facts, this.#trouble, this.#colours, this.#prints, this.#painting)
    label.append(element('div', { className: 'foot' }, progress, this.#paint))
    this.root = element('article', { className: 'frame', ariaLabel: name, data: { state: 'developing' } }, film, label)
  }

  /** How far one of the things asked for this frame has come. */
  stage(task: Exclude<Task, 'painting'>, state: 'waiting' | 'done' | 'failed', detail = ''): void {
    const place = this.#stages[task]
    place.dataset.state = state
    place.title = detail
    place.ariaLabel = `${stages[task]}: ${state}${detail && `, ${detail}`}`
    if (task === 'thumbnail' && state === 'waiting' && detail) this.#window.replaceChildren(element('p', { className: 'undeveloped' }, detail))
  }

  showThumbnail(picture: Thumbnail): void {
    const { original, width, height } = picture
    this.root.dataset.state = 'developed'
    this.model ??= picture
    this.#paint.disabled = !this.#painting.hidden
    this.#facts.textContent = `${original.width} × ${original.height} · ${original.format.toUpperCase()} · ${inBytes(this.#size)}`
    this.#window.replaceChildren(element('img', { src: this.#urls.of(picture), alt: `Thumbnail of ${this.name}`, width, height }))
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

  paintingWaits(text: string): void {
    this.#setPainting('waiting', element('p', {}, text))
  }

  paintingLate(text: string, onAgain: () => void): void {
    this.#setPainting('late', element('p', {}, text), button('Await again', onAgain))
  }

  paintingFailed(text: string): void {
    this.#setPainting('failed', element('p', {}, text))
  }

  showPainting(picture: Picture): void {
    const url = this.#urls.of(picture)
    const image = element('img', { src: url, alt: `${this.name} in oils`, className: 'oils', width: picture.width, height: picture.height })
    this.#window.append(image)
    const toggle = button('Show the photograph', () => {
      image.hidden = !image.hidden
      toggle.textContent = image.hidden ? 'Show the painting' : 'Show the photograph'
    })
    const link = element('a', { href: url, download: `${stem(this.name)}-oils.jpg` }, 'Download')
    this.#setPainting('ready', element('p', {}, 'In oils, four coats.'), toggle, link)
  }

  fail(text: string): void {
    if (this.root.dataset.state !== 'developed') {
      this.root.dataset.state = 'failed'
      this.#window.replaceChildren(element('p', { className: 'undeveloped' }, 'no picture'))
    }
    this.#trouble.hidden = false
    this.#trouble.textContent = text
  }

  /** Takes the card off the page. */
  remove(): void {
    this.gone = true
    this.root.remove()
    this.#urls.revoke()
  }

  #setPainting(state: string, ...children: Node[]): void {
    this.#paint.hidden = true
    this.#painting.hidden = false
    this.#painting.dataset.state = state
    this.#painting.replaceChildren(...children)
  }
}

const stem = (name: string) => name.replace(/\.[^.]+$/, '')
