/**
 * Whether a form was sent by a page of ours. Browsers say so themselves (Fetch Metadata); older ones name
 * the page's origin. Who says neither is no browser, and has no business with forms.
 */
export function fromOurPage(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = URL.parse(headers.get('origin') ?? '')
  if (!origin) return false
  return origin.host === headers.get('host') || origin.host === URL.parse(publicUrl)?.host
}
