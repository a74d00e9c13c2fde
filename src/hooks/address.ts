/**
 * Where a hook answers. Its path must be one that nothing else can mean: plain, exact, and not one of
 * the server's own.
 */

import type { Path } from './problems.ts'
import type { Report } from './report.ts'

/** Also everything beneath the ones that are marked. */
const own: Readonly<Record<string, 'alone' | 'beneath'>> = {
  '/-': 'beneath',
  '/healthz': 'alone',
  '/readyz': 'alone',
  '/metrics': 'alone',
  '/hooks': 'beneath',
  '/api': 'beneath',
  '/github': 'alone',
  '/gitlab': 'alone',
  '/bitbucket': 'alone',
  '/bitbucket-dc': 'alone',
  '/gitea': 'alone',
  '/forgejo': 'alone',
  '/gogs': 'alone',
  '/azure': 'alone',
  '/gitee': 'alone',
  '/sourcehut': 'alone',
  '/webhook': 'alone',
  '/runs': 'beneath',
  '/deliveries': 'beneath',
  '/login': 'beneath',
  '/logout': 'alone',
  '/setup': 'beneath',
  '/badge': 'beneath',
  '/workers': 'beneath',
  '/audit': 'beneath',
  '/assets': 'beneath',
  '/hooks.schema.json': 'alone',
}

export function checkUrl(path: Path, url: string, report: Report): void {
  const problem = urlProblem(url)
  if (problem !== null) report.refuse(path, `${JSON.stringify(url)} ${problem}`)
}

/** The end of a sentence that begins with the URL, or null when it is a good one. */
function urlProblem(url: string): string | null {
  if (/^https?:/.test(url))
    return 'is more than a path; write what comes after the host, such as "/df"'
  if (!url.startsWith('/')) return `does not begin with "/"; write ${JSON.stringify(`/${url}`)}`
  if (url === '/') return 'is the server\'s own; choose another, such as "/df"'
  if (/[?#]/.test(url)) return 'has a query; a hook answers at a path, whatever the query'
  if (url.endsWith('/')) return 'ends in "/"; leave that out'
  const segments = url.slice(1).split('/')
  if (segments.includes('')) return 'has "//"; write one "/"'
  if (segments.includes('.') || segments.includes('..'))
    return 'has "." or ".." as a folder; write the path out'
  const [strange] = /[^A-Za-z0-9._~/-]/.exec(url) ?? []
  if (strange !== undefined)
    return `has ${JSON.stringify(strange)}; use letters, digits, "-", "_", ".", "~" and "/"`
  return isOwn(url, segments) ? "is one of the server's own addresses; choose another" : null
}

function isOwn(url: string, segments: readonly string[]): boolean {
  if (Object.hasOwn(own, url)) return true
  const first = `/${segments[0] ?? ''}`
  return Object.hasOwn(own, first) && own[first] === 'beneath'
}
