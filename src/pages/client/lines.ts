/**
 * The lines of a log as they stand in the page. What a command wrote becomes text nodes and nothing else.
 * They are drawn a part at a time between two frames, in chunks of which the browser lays out only what is
 * in sight, so that a log of 100,000 lines holds nobody up.
 */
{
  /** Lines of a chunk: see log.tsx. */
  const CHUNK = 200
  /** How long lines are drawn for between two frames, ms, and where nobody looks. */
  const DRAWING = 6
  const UNSEEN = 50
  /** At most so many at once, however fast the machine is: the browser has its own work with each of them. */
  const AT_ONCE = 10 * CHUNK
  /** So many are kept of a log that does not end: five elements each, some 100 MB. */
  const KEPT = 200_000

  type WaitingLine = readonly [number: number, step: number, text: SentText]

  interface Chunk {
    readonly step: number
    readonly element: HTMLElement
    left: number
  }

  class Lines extends HTMLElement implements LogLines {
    dropsFirst = false
    #waiting: (WaitingLine | SentHead)[] = []
    /** The first of them that is not drawn. */
    #next = 0
    #asked = false
    #drawn = 0
    /** The highest number that was drawn. */
    #last = 0
    /** Where lines of this step go on. */
    #chunk: Chunk | null = null
    /** Those of the part that is drawn now. */
    #newest: HTMLElement[] = []
    readonly #line = document.createElement('div')
    readonly #sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) continue
        target.classList.remove('part')
        this.#sight.unobserve(target)
      }
    })

    connectedCallback() {
      this.#line.className = 'line'
      this.#line.append(document.createElement('a'), document.createElement('span'))
      const lines = this.querySelectorAll('.line')
      this.#drawn = lines.length
      this.#last = Number(lines[lines.length - 1]?.id.slice(1) ?? 0)
      const log = this.closest('run-log')
      if (log?.matches('[data-live=yes]') && log.querySelector('.log-next')) this.#withdraw()
    }

    /** Steps at the end without a line come again after the lines before them, which would push them on. */
    #withdraw() {
      for (let step = this.lastElementChild; step && !step.querySelector('.line'); ) {
        step.remove()
        step = this.lastElementChild
      }
    }

    get isFull(): boolean {
      return this.#count >= KEPT
    }

    get #count(): number {
      return this.#drawn + this.#waiting.length - this.#next
    }

    add({ first, step, lines }: SentLines) {
      for (const [index, text] of lines.entries()) this.#waiting.push([first + index, step, text])
      this.#forget()
      this.#ask()
    }

    /** The head of a new step waits for the lines before it. */
    head(head: SentHead) {
      if (this.#known(head.number)) return this.#place(head)
      this.#waiting.push(head)
      this.#ask()
    }

    #place({ number, html, open }: SentHead) {
      // What is parsed here is not run and loads nothing.
      const head = new DOMParser().parseFromString(html, 'text/html').querySelector('summary')
      if (!head) return
      const section = this.#known(number) ?? this.#section(number, open)
      section.querySelector('summary')?.remove()
      section.prepend(document.importNode(head, true))
    }

    #ask() {
      if (this.#asked || this.#waiting.length === 0) return
      this.#asked = true
      if (document.hidden) setTimeout(() => this.#draw(UNSEEN), 100)
      else requestAnimationFrame(() => this.#draw(DRAWING))
    }

    #draw(ms: number) {
      this.#asked = false
      const until = performance.now() + ms
      const most = this.#next + AT_ONCE
      const isOver = () => this.#next >= Math.min(most, this.#waiting.length)
      while (!isOver() && performance.now() < until) this.#some()
      this.#show()
      if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0
      this.#forget()
      this.dispatchEvent(new Event('drawn', { bubbles: true }))
      this.#ask()
    }

    /**
     * What the end of the log shows is laid out at once. Left to the browser it would be found to be higher
     * than thought a frame too late, and what stands beneath would jump.
     */
    #show() {
      const isEnd = this.dropsFirst && this.#waiting.length - this.#next < CHUNK
      for (const chunk of isEnd ? this.#newest.slice(-2) : []) {
        chunk.classList.add('part')
        this.#sight.observe(chunk)
      }
      this.#newest = []
    }

    /** As many as go into one chunk, made apart from the page and put in together. */
    #some() {
      const next = this.#waiting[this.#next]
      if (!next) return
      if ('html' in next) {
        this.#next++
        return this.#place(next)
      }
      const [number, step] = next
      if (number <= this.#last) return this.#again(next)
      const fits = this.#chunk?.step === step && this.#chunk.left > 0
      if (!fits || !this.#chunk) this.#chunk = newChunk(step)
      const { element, left } = this.#chunk
      const lines = this.#following(step, left)
      this.#chunk.left -= lines.length
      element.append(...lines)
      element.style.setProperty('--rows', String(CHUNK - this.#chunk.left))
      const section = this.#known(step) ?? this.#section(step)
      if (fits) return
      section.querySelector('.lines')?.append(element)
      this.#newest.push(element)
    }

    /** Lines that are there come again after a broken connection, or are written on. */
    #again([number, , text]: WaitingLine) {
      this.#next++
      const place = document.getElementById(`L${number}`)?.lastElementChild
      if (place) fill(place, text)
    }

    /** The next lines of this step, taken from those that wait and made. */
    #following(step: number, most: number): HTMLElement[] {
      const made: HTMLElement[] = []
      for (; made.length < most; this.#next++) {
        const line = this.#waiting[this.#next]
        if (!line || 'html' in line || line[1] !== step || line[0] <= this.#last) break
        made.push(this.#make(line))
        this.#last = line[0]
      }
      this.#drawn += made.length
      return made
    }

    #make([number, , text]: WaitingLine): HTMLElement {
      const line = this.#line.cloneNode(true) as HTMLElement
      const [link, place] = line.children
      line.id = `L${number}`
      link?.setAttribute('href', `#L${number}`)
      link?.append(String(number))
      if (place) fill(place, text)
      return line
    }

    #known(step: number): Element | null {
      return this.querySelector(`[data-step="${step}"]`)
    }

    #section(step: number, open = true): Element {
      const section = document.createElement(step === 0 ? 'div' : 'details')
      section.className = step === 0 ? 'step plain' : 'step'
      section.dataset.step = String(step)
      if (section instanceof HTMLDetailsElement) section.open = open
      const lines = document.createElement('div')
      lines.className = 'lines'
      section.append(lines)
      this.append(section)
      return section
    }

    #forget() {
      if (!this.dropsFirst || this.#count <= KEPT) return
      for (;;) {
        const first = this.#count > KEPT ? this.querySelector('.chunk') : null
        if (!first) break
        this.#drawn -= first.childElementCount
        if (first === this.#chunk?.element) this.#chunk = null
        first.remove()
      }
      const late = Math.max(0, this.#count - KEPT)
      if (late > 0) this.#waiting = this.#waiting.slice(this.#next + late)
      if (late > 0) this.#next = 0
      this.dispatchEvent(new Event('dropped', { bubbles: true }))
    }
  }

  function newChunk(step: number): Chunk {
    const element = document.createElement('div')
    element.className = 'chunk'
    return { step, element, left: CHUNK }
  }

  function fill(element: Element, text: SentText) {
    if (typeof text === 'string') element.textContent = text
    else element.replaceChildren(...text.map(drawn))
  }

  function drawn([text, classes]: Piece): Node | string {
    if (classes === '') return text
    const coloured = document.createElement('span')
    coloured.className = classes
    coloured.append(text)
    return coloured
  }

  customElements.define('log-lines', Lines)
}
