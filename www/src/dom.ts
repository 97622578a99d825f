/** What an element is given: properties of its own, `class` and whatever has a hyphen as attributes, `on...` as listeners. */
type Given<Tag extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[Tag], 'style' | 'children' | 'dataset'>> & {
  readonly class?: string
  readonly [attribute: `aria-${string}` | `data-${string}`]: string
}

type Child = Node | string | null

/** Makes an element: `element('p', { class: 'note' }, 'text')`. Strings become text, never HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  given: Given<Tag> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(given)) {
    if (name === 'class' || name.includes('-')) made.setAttribute(name, String(value))
    else Reflect.set(made, name, value)
  }
  made.append(...children.filter((child) => child !== null))
  return made
}

/** An element of the page itself, which index.html is to have. */
export function found<T extends HTMLElement>(id: string, kind: new () => T): T {
  const there = document.getElementById(id)
  if (!(there instanceof kind)) throw new Error(`index.html has no #${id}`)
  return there
}

/** Changes the text only where it is another: screen readers read live regions again at every change. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}
