/**
 * The log of a run: follows it, and shows the line that the address names. What a command wrote becomes text nodes and
 * nothing else. Lines are kept in chunks of which the browser lays out only what is in sight.
 */
{
  type Piece = readonly [text: string, classes: string]
  type SentLine = readonly [number: number, step: number, pieces: readonly Piece[]]
  interface SentStep {
    readonly number: number
    readonly html: string
  }

  const CHUNK = 200
  /** How long lines are drawn for between two frames, ms: a long log never holds the page up. */
  const DRAWING = 6

  class RunLog extends HTMLElement {
    #body: HTMLElement | null = null
    #events: EventSource | null = null
    #place = ''
    readonly #waiting: SentLine[] = []
    /** The first of them that is not drawn. */
    #next = 0
    #drawing = false
    /** The highest number that was drawn. */
    #last = 0
    /** Where lines of this step go on. */
    #chunk: { readonly step: number; readonly element: Element; left: number } | null = null
    #follows = false
    #scrolledTo = 0
    #ended = false

    connectedCallback() {
      this.#body = this.querySelector('.log-body')
      this.#place = this.dataset.place ?? ''
      this.#tools()
      this.#goToLine()
      this.addEventListener('show-line', (event) => {
        if (event.target instanceof Element) this.#reveal(event.target)
      })
      addEventListener('hashchange', () => this.#goToLine())
      addEventListener('scroll', () => this.#scrolled(), { passive: true })
      addEventListener('pagehide', () => this.#close())
      addEventListener('pageshow', (event) => event.persisted && this.#listen())
      if (this.#place !== '') this.#listen()
    }

    disconnectedCallback() {
      this.#close()
    }

    #listen() {
      if (this.#events || this.#ended || this.#place === '') return
      const from = encodeURIComponent(this.#place)
      const events = new EventSource(`/-/runs/${this.dataset.run}/log?from=${from}`)
      this.#events = events
      this.querySelector('.log-next')?.remove()
      events.addEventListener('lines', (event) => {
        if (event.lastEventId !== '') this.#place = event.lastEventId
        this.#waiting.push(...(JSON.parse(event.data) as SentLine[]))
        this.#draw()
      })
      events.addEventListener('step', (event) => this.#step(JSON.parse(event.data)))
      events.addEventListener('run', () => document.dispatchEvent(new Event('run-moved')))
      events.addEventListener('end', () => {
        this.#ended = true
        this.#close()
        document.dispatchEvent(new Event('run-moved'))
      })
      events.addEventListener('error', () => {
        if (events.readyState !== EventSource.CLOSED) return
        this.#close()
        setTimeout(() => this.#listen(), 3000)
      })
    }

    #close() {
      this.#events?.close()
      this.#events = null
    }

    // ---- drawing ---------------------------------------------------------------------------------------

    #draw() {
      if (this.#drawing || this.#waiting.length === 0) return
      this.#drawing = true
      const soon = document.hidden
        ? (work: () => void) => setTimeout(work, 100)
        : requestAnimationFrame
      soon(() => {
        const end = performance.now() + DRAWING
        while (this.#next < this.#waiting.length && performance.now() < end) {
          const lines = this.#waiting.slice(this.#next, this.#next + 50)
          for (const line of lines) this.#add(line)
          this.#next += lines.length
        }
        if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0
        this.querySelector('.log-empty')?.remove()
        this.#drawing = false
        if (this.#follows) this.#toEnd()
        this.#draw()
        if (this.#waiting.length === 0) this.#goToLine(true)
      })
    }

    #add([number, step, pieces]: SentLine) {
      // Lines that are there already come again after a broken connection, or are written on.
      const known = number > this.#last ? null : document.getElementById(`L${number}`)
      this.#last = Math.max(this.#last, number)
      const line = known ?? this.#newLine(number, step)
      const text = document.createElement('span')
      for (const [part, classes] of pieces) {
        const words = document.createTextNode(part)
        if (classes === '') text.append(words)
        else {
          const coloured = document.createElement('span')
          coloured.className = classes
          coloured.append(words)
          text.append(coloured)
        }
      }
      line.lastChild?.replaceWith(text)
    }

    #newLine(number: number, step: number): HTMLElement {
      const line = document.createElement('div')
      line.className = 'line'
      line.id = `L${number}`
      const link = document.createElement('a')
      link.href = `#L${number}`
      link.textContent = String(number)
      line.append(link, document.createElement('span'))
      this.#chunkOf(step).append(line)
      return line
    }

    #chunkOf(step: number): Element {
      if (this.#chunk?.step === step && this.#chunk.left-- > 0) return this.#chunk.element
      const lines = this.#section(step).querySelector('.lines') ?? this
      const element = document.createElement('div')
      element.className = 'chunk'
      lines.append(element)
      this.#chunk = { step, element, left: CHUNK - 1 }
      return element
    }

    #section(step: number): Element {
      const known = this.#body?.querySelector(`[data-step="${step}"]`)
      if (known) return known
      const section = document.createElement(step === 0 ? 'div' : 'details')
      section.className = step === 0 ? 'step plain' : 'step'
      section.dataset.step = String(step)
      if (section instanceof HTMLDetailsElement) section.open = true
      const lines = document.createElement('div')
      lines.className = 'lines'
      section.append(lines)
      this.#body?.append(section)
      return section
    }

    /** Its head is drawn by the server, as in the page; what is parsed here is not run and loads nothing. */
    #step({ number, html }: SentStep) {
      const head = new DOMParser().parseFromString(html, 'text/html').querySelector('summary')
      if (!head) return
      const section = this.#section(number)
      section.querySelector('summary')?.remove()
      section.prepend(document.importNode(head, true))
      this.querySelector('.log-empty')?.remove()
    }

    // ---- lines and places ------------------------------------------------------------------------------

    /** A line that came later than the page is not what the browser looked for when it opened it. */
    #goToLine(late = false) {
      const id = location.hash.slice(1)
      if (!/^L\d+$/.test(id)) return
      const line = document.getElementById(id)
      if (!line || (late && line.classList.contains('target'))) return
      for (const one of this.querySelectorAll('.target')) one.classList.remove('target')
      line.classList.add('target')
      this.#reveal(line)
    }

    #reveal(line: Element) {
      this.#setFollow(false)
      const step = line.closest('details')
      if (step) step.open = true
      line.scrollIntoView({ block: 'center' })
    }

    #toEnd() {
      const root = document.documentElement
      root.scrollTop = root.scrollHeight
      this.#scrolledTo = root.scrollTop
    }

    /** Who scrolls back wants to read; who comes to the end wants to see what follows. */
    #scrolled() {
      const { scrollTop, scrollHeight, clientHeight } = document.documentElement
      if (this.#follows && scrollTop < this.#scrolledTo - 4) this.#setFollow(false)
      else if (!this.#follows && this.#events && scrollTop + clientHeight >= scrollHeight - 4)
        this.#setFollow(true)
      this.#scrolledTo = scrollTop
    }

    // ---- tools -----------------------------------------------------------------------------------------

    #tools() {
      const tools = this.querySelector<HTMLElement>('.log-tools')
      if (!tools) return
      tools.hidden = false
      const [follow, wrap] = ['follow', 'wrap'].map((name) =>
        this.querySelector<HTMLInputElement>(`[name=${name}]`),
      )
      this.#follows = this.dataset.live === 'yes'
      follow?.addEventListener('change', () => {
        this.#follows = follow.checked
        if (follow.checked) this.#toEnd()
      })
      if (wrap) {
        wrap.checked = localStorage.getItem('wrap') !== 'no'
        const apply = () => this.classList.toggle('nowrap', !wrap.checked)
        wrap.addEventListener('change', () => {
          localStorage.setItem('wrap', wrap.checked ? 'yes' : 'no')
          apply()
        })
        apply()
      }
    }

    #setFollow(follows: boolean) {
      this.#follows = follows
      const box = this.querySelector<HTMLInputElement>('[name=follow]')
      if (box) box.checked = follows
    }
  }

  customElements.define('run-log', RunLog)
}
