/**
 * The URL of a fleet's database. It holds a password, so nothing that is said of it shows any part of it but
 * the host.
 */

import type { FileDraft } from './draft.ts'
import { isReference } from './mask.ts'
import type { Report } from './report.ts'
import { isUnbraced, readHeld, type SecretSource } from './secrets.ts'
import { namesIn } from './variables.ts'

const at = ['server', 'database']
const EXAMPLE = 'write "postgres://user:password@host/runhook"'
const MOVES =
  'write the one that leads to the primary, also after a failover: a name, a virtual address or a proxy'

/** Null where none is given, and where it was reported as wrong. */
export async function readDatabase({ written, secrets }: FileDraft): Promise<string | null> {
  const { database } = written.server ?? {}
  if (database === undefined) return null
  const found =
    typeof database === 'string'
      ? fromText(database, secrets)
      : await readHeld(at, database, secrets)
  if (found === null) return null
  const problem = urlProblem(found.value)
  if (problem === null) warnOfPlain(found.value, secrets.report)
  else secrets.report.error(at, `${found.label} ${problem}`)
  return problem === null ? found.value : null
}

function fromText(value: string, source: SecretSource): { label: string; value: string } | null {
  const text = source.report.written(at) ?? value
  const names = namesIn(text)
  for (const name of names) source.names.add(name)
  if (isUnbraced(at, text, source.report)) return null
  if (!isReference(text) && passwordsOf(value).length > 0 && passwordsOf(text).every(isPlain)) {
    source.literal = true
    source.report.warn(at, `is in the file with its password; use "\${DATABASE_URL}"`)
  }
  return { label: names[0] ?? 'it', value }
}

const isPlain = (password: string) => namesIn(password).length === 0

function urlProblem(text: string): string | null {
  if (text.trim() === '')
    return `is empty; ${EXAMPLE}, or leave "database" out: then SQLite is used`
  if (text.trim() !== text) return 'begins or ends with white space'
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `is no URL; ${EXAMPLE}`
  if (!/^postgres(ql)?:\/\//.test(text))
    return `begins with "${/^[^:]*/.exec(text)}:", and only PostgreSQL is known; ${EXAMPLE}`
  const url = URL.parse(text)
  if (namesSeveral(text, url)) return `names several hosts, and one is connected to; ${MOVES}`
  if (url === null || !isDecodable(url) || url.hash !== '')
    return 'is no URL that can be read; write / ? # @ : % in a password as %2F %3F %23 %40 %3A %25'
  if (url.pathname.length < 2 && !url.searchParams.has('database'))
    return 'names no database; write it behind the host, as in "postgres://user:password@host/runhook"'
  return null
}

/** As libpq takes them, and the client library does not: what is no URL because each has its port, too. */
function namesSeveral(text: string, url: URL | null): boolean {
  const [, host = ''] = /^[a-z]+:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text) ?? []
  return host.includes(',') || (url?.searchParams.get('host') ?? '').includes(',')
}

function isDecodable({ username, password, hostname, pathname }: URL): boolean {
  try {
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/** Who says "disable" knows. Sockets and this machine need none. */
function warnOfPlain(text: string, report: Report): void {
  const { hostname, searchParams } = new URL(text)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  const here = host === '' || host.startsWith('/') || /^(localhost|127\..*|\[?::1\]?)$/.test(host)
  if (here || ['sslmode', 'ssl', 'sslrootcert'].some((name) => searchParams.has(name))) return
  report.warn(at, `leads to ${host} without TLS: passwords and payloads can be read on the way`, {
    hint: 'end it with "?sslmode=verify-full"; "?sslmode=disable" where the way is known to be private',
  })
}

/**
 * Every form in which the URL and its password could be printed. A password that is missing in the URL is
 * taken from $PGPASSWORD by the client library.
 */
export function databaseSecrets(
  url: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  if (url === null) return []
  return [url, ...passwordsOf(url), environment.PGPASSWORD ?? '']
}

/** As written and as meant; empty when there is none. */
function passwordsOf(text: string): string[] {
  const url = URL.parse(text)
  const [, raw = ''] = /^[a-z]+:\/\/[^/?#@:]*:([^@/]*)@/i.exec(text) ?? []
  const inQuery = url?.searchParams.get('password') ?? ''
  const found = [raw, url?.password ?? '', decoded(url?.password ?? ''), inQuery]
  return [...new Set(found)].filter((password) => password !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
