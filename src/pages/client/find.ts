/**
 * Finds hooks while their name is typed. The page asks for itself again with what was typed in its address,
 * so the server alone says what is found; "/" leads to the field.
 */
{
  class HookFind extends HTMLElement {
    connectedCallback() {
      const find = this.querySelector<HTMLInputElement>('input[type=search]')
      if (!find) return
      find.addEventListener('input', () => {
        const address = new URL(location.href)
        if (find.value.trim() === '') address.searchParams.delete('find')
        else address.searchParams.set('find', find.value.trim())
        history.replaceState(history.state, '', address)
        document.dispatchEvent(new Event('run-moved'))
      })
      this.querySelector('form')?.addEventListener('submit', (event) => event.preventDefault())
      document.addEventListener('keydown', (event) => {
        const { target } = event
        const inField = target instanceof HTMLElement && target.matches('input, select, textarea')
        if (event.key !== '/' || inField || event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        find.focus()
      })
    }
  }

  customElements.define('hook-find', HookFind)
}
