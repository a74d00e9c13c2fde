/**
 * Events of the server (see sse.ts), for as long as somebody looks. One that breaks is tried again, at first at
 * once and then with growing pauses, whatever broke it: an EventSource gives up for good at the first 502 of a
 * proxy, and does not say that somebody is signed out. A tab in the background gives up its connection, since a
 * browser has six for each server and needs them for pages. Whoever opens one says in its address what was heard last.
 */

interface Heard {
  readonly event: string
  /** Empty where the server gave none. */
  readonly id: string
  /** JSON */
  readonly data: string
}

// biome-ignore lint/correctness/noUnusedVariables: the scripts that follow use it
class Connection {
  /** Who only looks into another tab comes back sooner, ms. */
  static readonly #AWAY = 5000
  /** The server says something every 15 s; after so much silence nobody is at the other end, ms. */
  static readonly #SILENCE = 40_000
  /** What was there for so long was no failure, however it ended, ms. */
  static readonly #STEADY = 5000
  static readonly #PAUSES = [0, 1000, 2000, 4000, 8000, 15_000, 30_000]

  readonly #address: () => string
  readonly #hear: (heard: Heard) => void
  #wanted = false
  #asking: AbortController | null = null
  #inVain = 0
  /** Something may have been missed since the page was drawn. */
  #missed = false
  #next = 0
  #silence = 0
  #away = 0

  constructor(address: () => string, hear: (heard: Heard) => void) {
    this.#address = address
    this.#hear = hear
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.#away)
      if (document.hidden) this.#away = setTimeout(() => this.#leave(), Connection.#AWAY)
      else this.#now()
    })
    for (const sign of ['online', 'focus', 'pageshow']) addEventListener(sign, () => this.#now())
    addEventListener('pagehide', () => this.#leave())
  }

  open(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#now()
  }

  close(): void {
    this.#wanted = false
    this.#missed = false
    this.#leave()
    cutOff.back(this)
  }

  #leave(): void {
    clearTimeout(this.#next)
    clearTimeout(this.#silence)
    this.#asking?.abort()
    this.#asking = null
  }

  #now(): void {
    if (!this.#wanted || this.#asking) return
    if (document.hidden) this.#missed = true
    if (document.hidden) return
    clearTimeout(this.#next)
    void this.#ask()
  }

  async #ask(): Promise<void> {
    const asking = new AbortController()
    const begun = Date.now()
    this.#asking = asking
    this.#listenFor(asking)
    let answer: Response | null = null
    try {
      answer = await fetch(this.#address(), {
        headers: { accept: 'text/event-stream' },
        redirect: 'manual', // to where a proxy signs people in: no script may follow it there
        signal: asking.signal,
      })
      const isOurs = answer.headers.get('content-type')?.startsWith('text/event-stream')
      if (answer.ok && isOurs && answer.body) await this.#read(answer.body, asking)
    } catch {
      // Whatever broke it, what follows is the same.
    }
    if (this.#asking !== asking) return // left on purpose
    this.#leave()
    if (Date.now() - begun > Connection.#STEADY && answer?.ok) this.#inVain = 0
    if (answer && cutOff.isSignedOut(answer))
      cutOff.signedOut(this, answer.type === 'opaqueredirect')
    else this.#again(answer)
  }

  #again(answer: Response | null): void {
    cutOff.lost(this, answer?.status === 429)
    const told = Number(answer?.headers.get('retry-after')) * 1000 || 0
    const pause = Math.max(Connection.#PAUSES[this.#inVain] ?? 30_000, Math.min(told, 60_000))
    this.#inVain++
    // Not all pages at once, when a server comes back.
    this.#next = setTimeout(() => this.#now(), pause * (0.75 + Math.random() / 2))
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, asking: AbortController) {
    this.#isBack()
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      this.#listenFor(asking)
      text += value
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#tell(text.slice(0, end))
        if (asking.signal.aborted) return
        text = text.slice(end + 2)
      }
    }
  }

  #isBack(): void {
    cutOff.back(this)
    if (this.#missed) document.dispatchEvent(new Event('run-moved'))
    this.#missed = true
  }

  #listenFor(asking: AbortController): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      if (this.#asking === asking) asking.abort()
    }, Connection.#SILENCE)
  }

  #tell(written: string): void {
    const field = (name: string) =>
      written
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2) ?? ''
    const heard = { event: field('event'), id: field('id'), data: field('data') }
    if (heard.event === '') return // a beat
    try {
      this.#hear(heard)
    } catch (thrown) {
      reportError(thrown) // one that cannot be drawn would break the connection again and again
    }
  }
}
