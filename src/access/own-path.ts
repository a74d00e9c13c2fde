/** Where somebody goes once he has signed in. */

export const HOME = '/-/'

/** Only into the dashboard: else our login would be the first half of somebody's fraud. */
export function ownPath(next: string): string {
  const url = URL.parse(next, 'http://dashboard')
  if (!next.startsWith('/') || url?.origin !== 'http://dashboard') return HOME
  return url.pathname.startsWith(HOME) ? url.pathname + url.search : HOME
}

/** The page that a form was sent from, as the browser says; of a foreign one what is left is a path of ours. */
export function pathBehind(referer: string | undefined): string {
  const url = URL.parse(referer ?? '')
  return url === null ? HOME : ownPath(url.pathname + url.search)
}
