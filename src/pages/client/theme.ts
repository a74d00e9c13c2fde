// Runs before anything is drawn, so that no page flashes in the other scheme.
{
  const kept = localStorage.getItem('theme')
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept
}
