import { element, part } from './element.js'

/** Tells those who listen to the page instead of looking at it. */
export function announce(text: string): void {
  const news = part('news', HTMLElement)
  news.append(element('span', {}, `${text} `))
  while (news.childElementCount > 20) news.firstElementChild?.remove()
}
