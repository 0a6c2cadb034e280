type Properties<E> = { [K in keyof E]?: E[K] } & { readonly data?: Readonly<Record<string, string>> }

/**
 * Makes an element with its children. Strings become text nodes, never markup: this is the only way anything from a job or a file
 * name gets into the page.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { data = {}, ...properties }: Properties<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties)
  Object.assign(made.dataset, data)
  made.append(...children)
  return made
}

/** A button that is one, and submits nothing. */
export function button(label: string, onClick: () => void, className = ''): HTMLButtonElement {
  const made = element('button', { type: 'button', className }, label)
  made.addEventListener('click', onClick)
  return made
}

/** An element of index.html by its id. */
export function part<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id "${id}".`)
  return found
}
