/**
 * Search in a log: marks the lines that hold a text, and goes from one to the next. "/" leads there. A long
 * log is gone through a part at a time, so that one can go on typing.
 */
{
  /** Lines that are marked at most. */
  const MARKED = 2000
  /** How long one looks before the browser may do something else, ms. */
  const LOOKING = 8

  class LogSearch extends HTMLElement {
    #hits: HTMLElement[] = []
    #hit = -1
    #search: Iterator<HTMLElement | null> | null = null

    connectedCallback() {
      const find = this.querySelector('input')
      if (!find) return
      find.addEventListener('input', () => this.#mark(find.value.trim().toLowerCase()))
      find.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') this.#next(event.shiftKey ? -1 : 1)
      })
      document.addEventListener('keydown', (event) => {
        const { target } = event
        const inField = target instanceof HTMLElement && target.matches('input, select, textarea')
        if (event.key !== '/' || inField || event.ctrlKey || event.metaKey) return
        event.preventDefault()
        find.focus()
      })
    }

    #mark(text: string) {
      for (const one of this.#hits) one.classList.remove('hit', 'current')
      this.#hits = []
      this.#hit = -1
      this.#search = text === '' ? null : this.#linesWith(text)
      this.#says('')
      this.#look()
    }

    #look() {
      const search = this.#search
      if (!search) return
      const end = performance.now() + LOOKING
      while (performance.now() < end && this.#hits.length < MARKED) {
        const { done, value } = search.next()
        if (done) return this.#found()
        if (!value) continue
        value.classList.add('hit')
        this.#hits.push(value)
        if (this.#hits.length === 1) this.#next(1)
      }
      if (this.#hits.length === MARKED) return this.#found()
      setTimeout(() => this.#search === search && this.#look())
    }

    /** A line that holds the text, or null for a chunk that was gone through. */
    *#linesWith(text: string): Iterator<HTMLElement | null> {
      const chunks = this.closest('run-log')?.querySelectorAll('.chunk') ?? []
      for (const chunk of chunks) {
        const lines = holds(chunk, text) ? chunk.querySelectorAll<HTMLElement>('.line') : []
        for (const line of lines) if (holds(line.lastElementChild, text)) yield line
        yield null
      }
    }

    #found() {
      this.#search = null
      this.#says(this.#hits.length === 0 ? 'none' : this.#count())
    }

    #next(step: 1 | -1) {
      const count = this.#hits.length
      if (count === 0) return
      this.#hits[this.#hit]?.classList.remove('current')
      this.#hit = this.#hit < 0 ? 0 : (this.#hit + step + count) % count
      const line = this.#hits[this.#hit]
      if (!line) return
      line.classList.add('current')
      line.dispatchEvent(new Event('show-line', { bubbles: true }))
      this.#says(this.#count())
    }

    #count(): string {
      const count = this.#hits.length
      const isAll = this.#search === null && count < MARKED
      return `${this.#hit + 1} of ${count}${isAll ? '' : ' or more'}`
    }

    #says(text: string) {
      const found = this.querySelector('output')
      if (found) found.textContent = text
    }
  }

  function holds(element: Element | null, text: string): boolean {
    return element?.textContent?.toLowerCase().includes(text) ?? false
  }

  customElements.define('log-search', LogSearch)
}
