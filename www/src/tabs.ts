import { found } from './dom.js'

/** Tabs by the pattern of WAI-ARIA: one of them is in the order of Tab, arrows go from one to the next. */
export function startTabs(list: HTMLElement): void {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role=tab]')]
  const choose = (chosen: HTMLElement): void => {
    for (const tab of tabs) {
      const isChosen = tab === chosen
      tab.setAttribute('aria-selected', String(isChosen))
      tab.tabIndex = isChosen ? 0 : -1
      found(tab.getAttribute('aria-controls') ?? '', HTMLElement).hidden = !isChosen
    }
  }
  for (const [n, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
      const next = tabs[(n + step + tabs.length) % tabs.length]
      if (step === 0 || next === undefined) return
      choose(next)
      next.focus()
    })
  }
}
