/** Search in a log: marks the lines that hold a text, and goes from one to the next. "/" leads there. */
{
  /** Lines that are marked at most. */
  const MARKED = 2000

  class LogSearch extends HTMLElement {
    #hits: HTMLElement[] = []
    #hit = -1

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
      const lines = this.closest('run-log')?.querySelectorAll<HTMLElement>('.line') ?? []
      for (const line of text === '' ? [] : lines) {
        if (!line.lastChild?.textContent?.toLowerCase().includes(text)) continue
        line.classList.add('hit')
        if (this.#hits.push(line) >= MARKED) break
      }
      this.#says(text === '' ? '' : 'none')
      if (this.#hits.length > 0) this.#next(1)
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
      this.#says(`${this.#hit + 1} of ${count === MARKED ? `${MARKED} or more` : count}`)
    }

    #says(text: string) {
      const found = this.querySelector('output')
      if (found) found.textContent = text
    }
  }

  customElements.define('log-search', LogSearch)
}
