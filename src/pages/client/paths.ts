/**
 * Buttons that copy the path of a value, as "match" in a hooks file wants it. One listener for all of them: a
 * payload has thousands. Without a clipboard (plain HTTP) the button shows the path instead.
 */
document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLElement>('.copy-path') : null
  const path = button?.dataset.path
  if (!button || path === undefined) return
  if (!navigator.clipboard) {
    button.textContent = path
    return
  }
  const [sign, label] = [button.textContent, button.ariaLabel]
  await navigator.clipboard.writeText(path)
  button.textContent = 'Copied'
  button.ariaLabel = `Copied ${path}`
  setTimeout(() => {
    button.textContent = sign
    button.ariaLabel = label
  }, 2000)
})
