/**
 * What every page has: the switch of light and dark, buttons that copy, and parts that follow what happens.
 * A page that hears that something has moved asks for itself again and takes over what is different, so
 * there is one way to draw a page: the server's. A tab in the background asks now and then how it stands.
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

  /** At most so often, ms, and at most a fifth of the time: a flood of runs must not become a flood of requests. */
  const PAUSE = 400
  const SHARE = 4
  /** Until what failed is asked again, ms; each time twice as long, up to the most. */
  const [FAILED, FAILED_MOST] = [1000, 30_000]
  let asking = false
  let again = false
  let failed = 0

  async function refresh(): Promise<void> {
    if (asking) {
      again = true
      return
    }
    asking = true
    again = false
    const begun = performance.now()
    const found = await ask(location.href)
    if (found instanceof Document) takeOver(found)
    if (found instanceof Document) cutOff.back(refresh)
    else if (found) cutOff.signedOut(refresh, found.type === 'opaqueredirect')
    else cutOff.lost(refresh)
    failed = found === null ? failed + 1 : 0
    const pause = Math.max(PAUSE, SHARE * (performance.now() - begun))
    await wait(found === null ? Math.min(FAILED * 2 ** (failed - 1), FAILED_MOST) : pause)
    asking = false
    if (again || found === null) void refresh()
  }

  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  /** Null when the server is away for a moment, or cannot say: then it is asked again. */
  async function ask(address: string | URL): Promise<Document | Response | null> {
    try {
      const headers = { accept: 'text/html' }
      const answer = await fetch(address, { headers, redirect: 'manual' })
      if (cutOff.isSignedOut(answer)) return answer
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      // What a proxy says while there is nothing behind it is no page of ours.
      return answer.status < 500 && page.documentElement.dataset.now ? page : null
    } catch {
      return null
    }
  }

  function takeOver(page: Document): void {
    const [now, then] = [document.querySelector('main'), page.querySelector('main')]
    if (!now || !then) return
    const focus = document.activeElement
    morph(now, then)
    // What was moved to another place has lost it.
    if (focus instanceof HTMLElement && focus.isConnected) focus.focus({ preventScroll: true })
    showTab(page)
    const { live = '', now: time = '' } = page.documentElement.dataset
    Object.assign(document.documentElement.dataset, { live, now: time })
    document.dispatchEvent(new Event('page-taken-over'))
  }

  function showTab(page: Document): void {
    if (document.title !== page.title) document.title = page.title
    const picture = page.querySelector('link[rel=icon]')?.getAttribute('href')
    const shown = document.querySelector('link[rel=icon]')
    if (picture && shown?.getAttribute('href') !== picture) shown?.setAttribute('href', picture)
  }

  const isLive = () => document.documentElement.dataset.live === 'yes'

  /** Word of what has moved. */
  function follow(): void {
    let seen = ''
    const moves = new Connection(
      () => `/-/events?seen=${encodeURIComponent(seen)}`,
      ({ event, id }) => {
        if (event !== 'moved') return
        seen = id
        void refresh()
      },
    )
    const asLive = () => (isLive() ? moves.open() : moves.close())
    document.addEventListener('page-taken-over', asLive)
    asLive()
  }

  /** Between two looks of a tab in the background, ms. */
  const GLANCE = 15_000

  /** Title and picture of a tab go on to tell how its page stands, also where nobody looks at the rest. */
  function glance(): void {
    let timer = 0
    const look = async () => {
      if (!document.hidden) return
      const address = new URL(location.href)
      address.searchParams.set('glance', 'yes')
      const found = await ask(address)
      if (!document.hidden || found instanceof Response) return
      if (found) showTab(found)
      if (found?.documentElement.dataset.live !== '') timer = setTimeout(look, GLANCE)
    }
    const begin = () => {
      clearTimeout(timer)
      if (document.hidden && isLive()) timer = setTimeout(look, GLANCE)
    }
    document.addEventListener('visibilitychange', begin)
    begin()
  }

  customElements.define('theme-switch', ThemeSwitch)
  customElements.define('copy-text', CopyText)
  document.addEventListener('run-moved', () => void refresh())
  // A log that moves has a connection of its own, and tells when its run has moved; but not of other runs.
  const isTold = document.querySelector('run-log[data-live=yes]') !== null
  if (!isTold || document.querySelector('[data-follow]')) follow()
  glance()
}
