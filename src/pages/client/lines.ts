/**
 * The lines of a log as they stand in the page. What a command wrote becomes text nodes and nothing else.
 * They are drawn a part at a time between two frames, in chunks of which the browser lays out only what is
 * in sight, so that a log of 100,000 lines holds nobody up.
 */

type Piece = readonly [text: string, classes: string]
/** A line of one colour is its text. */
type SentText = string | readonly Piece[]
/** Lines of one step, the first of which has this number. */
interface SentLines {
  readonly first: number
  readonly step: number
  readonly lines: readonly SentText[]
}

/** Says `drawn` after each part, and `dropped` when the first lines have gone. */
interface LogLines extends HTMLElement {
  /** As many as the page bears are drawn, or wait for it. */
  readonly isFull: boolean
  /** When it is full the first ones go, for whom follows; nobody else is robbed of what he reads. */
  dropsFirst: boolean
  add(lines: SentLines): void
  /** `html`: the head of a step, drawn by the server. */
  head(step: number, html: string): void
}

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
    #waiting: WaitingLine[] = []
    /** The first of them that is not drawn. */
    #next = 0
    #asked = false
    #drawn = 0
    /** The highest number that was drawn. */
    #last = 0
    /** Where lines of this step go on. */
    #chunk: Chunk | null = null
    readonly #line = document.createElement('div')

    connectedCallback() {
      this.#line.className = 'line'
      this.#line.append(document.createElement('a'), document.createElement('span'))
      const lines = this.querySelectorAll('.line')
      this.#drawn = lines.length
      this.#last = Number(lines[lines.length - 1]?.id.slice(1) ?? 0)
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

    head(step: number, html: string) {
      // What is parsed here is not run and loads nothing.
      const head = new DOMParser().parseFromString(html, 'text/html').querySelector('summary')
      if (!head) return
      const section = this.#section(step)
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
      if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0
      this.#forget()
      this.dispatchEvent(new Event('drawn', { bubbles: true }))
      this.#ask()
    }

    /** As many as go into one chunk, made apart from the page and put in together. */
    #some() {
      const [number = 0, step = 0] = this.#waiting[this.#next] ?? []
      if (number <= this.#last) return this.#again()
      const fits = this.#chunk?.step === step && this.#chunk.left > 0
      if (!fits || !this.#chunk) this.#chunk = newChunk(step)
      const { element, left } = this.#chunk
      const lines = this.#following(step, left)
      this.#chunk.left -= lines.length
      element.append(...lines)
      element.style.setProperty('--rows', String(CHUNK - this.#chunk.left))
      if (!fits) this.#section(step).querySelector('.lines')?.append(element)
    }

    /** Lines that are there come again after a broken connection, or are written on. */
    #again() {
      const [number, , text] = this.#waiting[this.#next++] ?? []
      const place = document.getElementById(`L${number}`)?.lastElementChild
      if (place && text !== undefined) fill(place, text)
    }

    /** The next lines of this step, taken from those that wait and made. */
    #following(step: number, most: number): HTMLElement[] {
      const made: HTMLElement[] = []
      for (; made.length < most; this.#next++) {
        const line = this.#waiting[this.#next]
        if (!line || line[1] !== step || line[0] <= this.#last) break
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

    #section(step: number): Element {
      const known = this.querySelector(`[data-step="${step}"]`)
      if (known) return known
      const section = document.createElement(step === 0 ? 'div' : 'details')
      section.className = step === 0 ? 'step plain' : 'step'
      section.dataset.step = String(step)
      if (section instanceof HTMLDetailsElement) section.open = true
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
