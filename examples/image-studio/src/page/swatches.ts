import type { Swatch } from '../jobs.js'
import { button, element } from './element.js'
import { announce } from './news.js'

/** The colours as a strip, each as wide as its share; a click copies one. */
export function swatchList(swatches: readonly Swatch[]): HTMLUListElement {
  return element('ul', { className: 'swatches', ariaLabel: 'Colours' }, ...swatches.map(swatchItem))
}

function swatchItem({ colour, share }: Swatch): HTMLLIElement {
  const copy = button(colour, async () => {
    await navigator.clipboard.writeText(colour)
    announce(`${colour} copied.`)
    copy.dataset.copied = ''
    setTimeout(() => delete copy.dataset.copied, 1200)
  })
  copy.title = `${colour}, ${Math.round(share * 100)} %. Click to copy.`
  copy.style.setProperty('--colour', colour)
  const item = element('li', {}, copy)
  item.style.setProperty('--share', `${share}`)
  return item
}
