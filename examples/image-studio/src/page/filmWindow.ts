import { button, element } from './element.js'

type Layer = 'photograph' | Overlay
type Overlay = 'painting' | 'print'

/** The picture side of a frame: the photograph, and over it at most one of what was made from it. */
export class FilmWindow {
  readonly root = element('div', { className: 'window' })
  readonly #layers = new Map<Layer, HTMLElement>()
  readonly #onTurn = new Set<() => void>()

  /** Words in the place of the photograph. */
  say(text: string): void {
    this.lay('photograph', element('p', { className: 'undeveloped' }, text))
  }

  /** Puts something in, in the place of what was there under this name, and shows it. */
  lay(layer: Layer, shown: HTMLElement): void {
    const former = this.#layers.get(layer)
    this.#layers.set(layer, shown)
    if (former) former.replaceWith(shown)
    else if (layer === 'photograph') this.root.prepend(shown)
    else this.root.append(shown)
    if (layer !== 'photograph') this.#turnTo(layer)
  }

  /** Takes something out again. */
  take(layer: Overlay): void {
    this.#layers.get(layer)?.remove()
    this.#layers.delete(layer)
  }

  /** A button that shows what is laid over the photograph, or the photograph again. */
  toggle(layer: Overlay): HTMLButtonElement {
    const isShown = () => this.#layers.get(layer)?.hidden === false
    const made = button('', () => this.#turnTo(isShown() ? 'photograph' : layer))
    const name = () => {
      made.textContent = `Show the ${isShown() ? 'photograph' : layer}`
    }
    this.#onTurn.add(name)
    name()
    return made
  }

  #turnTo(shown: Layer): void {
    for (const [layer, root] of this.#layers) root.hidden = layer !== 'photograph' && layer !== shown
    for (const name of this.#onTurn) name()
  }
}
