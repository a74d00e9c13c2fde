/**
 * Says that what the page shows may be old, while it is: one notice for all that the page asks for. A cut that
 * is over in a moment is nobody's concern.
 */

type Asker = object

interface CutOff {
  /** `redirected`: somebody before the server has its own place to sign in, and the page itself leads there. */
  signedOut(asker: Asker, redirected: boolean): void
  /** `full`: whoever looks has as much open at once as he may. */
  lost(asker: Asker, full?: boolean): void
  back(asker: Asker): void
  /** Whether an answer says that who asks is not, or no longer, somebody who may look. */
  isSignedOut(answer: Response): boolean
}

// biome-ignore lint/correctness/noUnusedVariables: the scripts that follow use it
const cutOff: CutOff = (() => {
  /** A restart of the server takes about as long, ms. */
  const MOMENT = 2500
  const since = new Map<Asker, number>()
  const out = new Map<Asker, boolean>()
  const full = new Set<Asker>()
  const notice = document.createElement('p')
  notice.className = 'cut-off'
  notice.setAttribute('role', 'status')
  notice.dataset.says = ''
  document.body.append(notice)
  let timer = 0

  function show(): void {
    clearTimeout(timer)
    const first = Math.min(...since.values())
    const left = first + MOMENT - Date.now()
    if (out.size > 0) {
      say('out', 'You are signed out.', signIn([...out.values()].some(Boolean)))
    } else if (since.size === 0) say('')
    else if (left > 0) timer = setTimeout(show, left)
    else if (full.size > 0) {
      say('full', `Too many pages and logs are open: this one stands still (since ${clock(first)})`)
    } else say('lost', `Not connected: what you see may be old (since ${clock(first)})`)
  }

  /** Said once, and not again at each try: it is read aloud. */
  function say(what: string, words = '', link?: Element): void {
    if (notice.dataset.says === what) return
    notice.dataset.says = what
    notice.replaceChildren(words, ...(link ? [' ', link] : []))
  }

  function signIn(redirected: boolean): Element {
    const here = location.pathname + location.search
    const link = document.createElement('a')
    link.href = (redirected ? here : `/-/login?next=${encodeURIComponent(here)}`) + location.hash
    link.textContent = 'Sign in'
    return link
  }

  function clock(time: number): string {
    const date = new Date(time)
    return [date.getHours(), date.getMinutes()].map((part) => `${part}`.padStart(2, '0')).join(':')
  }

  return {
    signedOut(asker, redirected) {
      out.set(asker, redirected)
      show()
    },
    lost(asker, isFull = false) {
      if (!since.has(asker)) since.set(asker, Date.now())
      out.delete(asker)
      if (isFull) full.add(asker)
      else full.delete(asker)
      show()
    },
    back(asker) {
      since.delete(asker)
      out.delete(asker)
      full.delete(asker)
      show()
    },
    isSignedOut({ status, type }) {
      return status === 401 || status === 403 || type === 'opaqueredirect'
    },
  }
})()
