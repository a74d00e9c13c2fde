/**
 * What every page has: the switch of light and dark, buttons that copy, and parts that follow what happens.
 * A page that hears that something has moved asks for itself again and takes over what is different, so
 * there is one way to draw a page: the server's.
 */
{
  class ThemeSwitch extends HTMLElement {
    connectedCallback() {
      const button = document.createElement('button')
      button.type = 'button'
      button.title = 'Light or dark'
      button.setAttribute('aria-label', 'Light or dark')
      button.addEventListener('click', () => {
        const root = document.documentElement
        const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
        const next = (root.dataset.theme ?? system) === 'dark' ? 'light' : 'dark'
        if (next === system) {
          delete root.dataset.theme
          localStorage.removeItem('theme')
        } else {
          root.dataset.theme = next
          localStorage.setItem('theme', next)
        }
      })
      this.replaceChildren(button)
    }
  }

  class CopyText extends HTMLElement {
    connectedCallback() {
      if (!navigator.clipboard || this.querySelector('button')) return // only over HTTPS and on this machine
      const text = this.textContent ?? ''
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'quiet'
      button.textContent = 'Copy'
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(text)
        button.textContent = 'Copied'
        setTimeout(() => (button.textContent = 'Copy'), 2000)
      })
      this.append(button)
    }
  }

  /** Elements that look after themselves. */
  const own = new Set(['run-log', 'theme-switch', 'copy-text'])

  const keyOf = (node: Node): string | null =>
    node instanceof HTMLElement ? node.dataset.key || node.id || null : null

  function morph(now: Element, then: Element): void {
    if (own.has(now.localName)) return
    for (const { name } of [...now.attributes]) {
      if (!then.hasAttribute(name) && name !== 'open') now.removeAttribute(name)
    }
    for (const { name, value } of then.attributes) {
      if (now.getAttribute(name) !== value && name !== 'open') now.setAttribute(name, value)
    }
    const keyed = new Map(
      [...now.children].flatMap((child) => {
        const key = keyOf(child)
        return key === null ? [] : [[key, child] as const]
      }),
    )
    let at = now.firstChild
    for (const wanted of [...then.childNodes]) {
      const key = keyOf(wanted)
      const known = key === null ? undefined : keyed.get(key)
      if (known && known !== at) now.insertBefore(known, at)
      const place: ChildNode | null = known ?? at
      if (place && isLike(place, wanted)) {
        if (place instanceof Element && wanted instanceof Element) morph(place, wanted)
        else if (place.nodeValue !== wanted.nodeValue) place.nodeValue = wanted.nodeValue
        at = place.nextSibling
      } else now.insertBefore(document.importNode(wanted, true), at)
    }
    while (at) {
      const next: ChildNode | null = at.nextSibling
      at.remove()
      at = next
    }
  }

  function isLike(one: Node, other: Node): boolean {
    return one.nodeName === other.nodeName && keyOf(one) === keyOf(other)
  }

  /** At most so often, ms: a flood of runs must not become a flood of requests. */
  const PAUSE = 400
  let asking = false
  let again = false

  async function refresh(): Promise<void> {
    if (asking) {
      again = true
      return
    }
    asking = true
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
      if (answer.ok && !answer.redirected) takeOver(await answer.text())
    } catch {
      // The server is away for a moment; the next word comes when it is back.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    asking = false
    if (again) {
      again = false
      void refresh()
    }
  }

  function takeOver(html: string): void {
    const page = new DOMParser().parseFromString(html, 'text/html')
    const [now, then] = [document.querySelector('main'), page.querySelector('main')]
    if (!now || !then) return
    morph(now, then)
    if (document.title !== page.title) document.title = page.title
    const picture = page.querySelector('link[rel=icon]')?.getAttribute('href')
    const shown = document.querySelector('link[rel=icon]')
    if (picture && shown?.getAttribute('href') !== picture) shown?.setAttribute('href', picture)
    document.documentElement.dataset.live = page.documentElement.dataset.live ?? ''
  }

  /** Word of what has moved. Nobody looks at a page in the background: its connection is another's. */
  function follow(): void {
    let events: EventSource | null = null
    let seen = ''
    const open = () => {
      if (events || document.documentElement.dataset.live !== 'yes') return
      events = new EventSource(`/-/events${seen === '' ? '' : `?seen=${encodeURIComponent(seen)}`}`)
      events.addEventListener('moved', (event) => {
        seen = event.lastEventId
        void refresh().then(() => {
          if (document.documentElement.dataset.live !== 'yes') close()
        })
      })
    }
    const close = () => {
      events?.close()
      events = null
    }
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()))
    addEventListener('pagehide', close)
    addEventListener('pageshow', open)
    if (!document.hidden) open()
  }

  customElements.define('theme-switch', ThemeSwitch)
  customElements.define('copy-text', CopyText)
  document.addEventListener('run-moved', () => void refresh())
  // A log that moves has a connection of its own, and tells when its run has moved; but not of other runs.
  const isTold = document.querySelector('run-log[data-live=yes]') !== null
  if (!isTold || document.querySelector('[data-follow]')) follow()
}
