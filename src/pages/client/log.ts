/** The log of a run: hears what is written (see lines.ts), follows its end, and shows the line that the address names. */
{
  class RunLog extends HTMLElement {
    #lines: LogLines | null = null
    #events: Connection | null = null
    #place = ''
    #follows = false
    #scrolledTo = 0
    #ended = false

    connectedCallback() {
      this.#lines = this.querySelector<LogLines>('log-lines')
      this.#place = this.dataset.place ?? ''
      this.#tools()
      this.#goToLine()
      this.addEventListener('show-line', (event) => {
        if (event.target instanceof Element) this.#reveal(event.target)
      })
      this.addEventListener('drawn', () => {
        this.querySelector('.log-empty')?.remove()
        this.#toEnd()
        this.#goToLine(true)
      })
      this.addEventListener('dropped', () => this.#note())
      // How high lines are the browser knows only once they are in sight.
      if (this.#lines) new ResizeObserver(() => this.#toEnd()).observe(this.#lines)
      addEventListener('hashchange', () => this.#goToLine())
      document.addEventListener('page-taken-over', () => this.#ended && this.#endSteps())
      addEventListener('scroll', () => this.#scrolled(), { passive: true })
      // Nothing stands beneath a log that grows: it would be pushed away.
      if (this.dataset.live === 'yes') document.querySelector('.foot')?.remove()
      this.#listen()
    }

    disconnectedCallback() {
      this.#close()
    }

    #listen() {
      if (this.#events || this.#ended || this.#place === '') return
      this.querySelector('.log-next')?.remove()
      const address = () =>
        `/-/runs/${this.dataset.run}/log?from=${encodeURIComponent(this.#place)}`
      this.#events = new Connection(address, (heard) => this.#hear(heard))
      this.#events.open()
    }

    #hear({ event, id, data }: Heard) {
      if (event === 'lines') {
        this.#lines?.add(JSON.parse(data))
        if (id !== '' && id !== this.#place) {
          this.#place = id
          if (this.#lines?.isFull && !this.#follows) this.#stop()
        }
      }
      if (event === 'step') this.#lines?.head(JSON.parse(data))
      if (event === 'end') {
        this.#ended = true
        this.#close()
      }
      if (event === 'run' || event === 'end') document.dispatchEvent(new Event('run-moved'))
    }

    /** A server that was killed has told nobody how its last step ended: as the run did. */
    #endSteps() {
      const run = document.querySelector('h1 .status')
      for (const time of this.querySelectorAll('summary [data-since]')) {
        time.removeAttribute('data-since')
        const step = time.parentElement?.querySelector('.status')
        const [icon, word] = [run?.querySelector('.icon'), step?.querySelector('.unseen')]
        if (!run || !step || !icon || !word) continue
        step.className = run.className
        word.textContent = icon.nextSibling?.nodeValue ?? ''
        step.replaceChildren(icon.cloneNode(true), word)
      }
    }

    #close() {
      this.#events?.close()
      this.#events = null
    }

    /** The page bears no more, and somebody reads it: the rest is a page of its own. */
    #stop() {
      this.#close()
      const link = document.createElement('a')
      link.href = `/-/runs/${this.dataset.run}?from=${encodeURIComponent(this.#place)}`
      link.textContent = 'The next lines'
      const more = document.createElement('p')
      more.className = 'log-more log-next'
      more.append(link)
      this.append(more)
    }

    #note() {
      if (this.querySelector('.log-dropped')) return
      const note = document.createElement('p')
      note.className = 'log-more log-dropped'
      note.textContent = 'Earlier lines are left out here: Download has what is kept of them.'
      this.#lines?.before(note)
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
      this.#scrolledTo = document.documentElement.scrollTop
    }

    #toEnd() {
      if (!this.#follows) return
      const root = document.documentElement
      root.scrollTop = root.scrollHeight
      this.#scrolledTo = root.scrollTop
    }

    /** Who scrolls back wants to read; who comes to the end wants to see what follows. */
    #scrolled() {
      const { scrollTop, scrollHeight, clientHeight } = document.documentElement
      const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4
      if (this.#follows && !isAtEnd && scrollTop < this.#scrolledTo - 4) this.#setFollow(false)
      else if (!this.#follows && this.#events && isAtEnd && scrollTop > this.#scrolledTo)
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
      this.#setFollow(this.dataset.live === 'yes')
      follow?.addEventListener('change', () => {
        this.#setFollow(follow.checked)
        this.#toEnd()
        if (follow.checked) this.#listen()
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
      if (this.#lines) this.#lines.dropsFirst = follows
      const box = this.querySelector<HTMLInputElement>('[name=follow]')
      if (box) box.checked = follows
    }
  }

  customElements.define('run-log', RunLog)
}
