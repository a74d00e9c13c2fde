/** What single hosts ask of a hook beyond a secret, because of how they prove themselves. */

import type { HostName } from '../model/delivery.ts'
import type { Secret } from '../model/hook.ts'
import type { HookDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'

/**
 * sr.ht's public key, as https://man.sr.ht/api-conventions.md gives it. Another instance has its own, which
 * is then the hook's "secret".
 */
const SR_HT = { name: "sr.ht's key", value: 'whpk_uX7KWyyDNMaBma4aVbJ/cbUQpdjqczuCyK/HxzV/u+4=' }

/** What proves deliveries of a hook that names no secret. Only sourcehut has such a thing. */
export function publicKeysOf(host: HostName): readonly Secret[] {
  return host === 'sourcehut' ? [SR_HT] : []
}

export function checkHostRules(
  { path, written, report, given }: HookDraft,
  host: HostName,
  secrets: readonly Secret[],
): void {
  const at = [...path, 'secret']
  if (host === 'azure' && given('secret')) checkCredentials(at, secrets, report)
  for (const secret of secrets) {
    const problem = keyProblem(secret.value, host, given('signature'))
    if (problem !== null) report.error(at, `${secret.name} ${problem}`)
  }
  if (host === 'sourcehut' && given('repo')) checkAddress(path, written.url, report)
}

/** Keys that their prefix gives a form, and that nothing would ever be proven by if they had another. */
function keyProblem(value: string, host: HostName, ownScheme: boolean): string | null {
  const [prefix = '', rest = value] = /^(wh(?:pk|sec)_)(.*)$/s.exec(value)?.slice(1) ?? []
  const bytes = Buffer.from(rest, 'base64')
  const isBase64 = bytes.toString('base64') === rest
  if (prefix === 'whpk_' || host === 'sourcehut') {
    if (!isBase64 || bytes.length !== 32)
      return 'is not a public key: "whpk_" and 32 bytes in base64'
    const verifies = host === 'sourcehut' || (host === 'webhook' && !ownScheme)
    return verifies ? null : 'is a public key, by which nothing is signed here'
  }
  const standard = host === 'gitlab' || (host === 'webhook' && !ownScheme)
  if (prefix === '' || !standard || (isBase64 && bytes.length >= 16)) return null
  return 'begins with "whsec_", but what follows is not base64 of 16 bytes or more'
}

/** As secrets.ts asks of every secret; the user's name is none. */
const FEWEST_BYTES = 16

/** Azure DevOps sends user and password, and nothing is signed. */
export function checkCredentials(path: Path, secrets: readonly Secret[], report: Report): void {
  for (const { name, value } of secrets) {
    const colon = value.indexOf(':')
    const bytes = Buffer.byteLength(value.slice(colon + 1))
    if (colon < 0) report.error(path, `${name} has no ":"; Azure DevOps sends "user:password"`)
    else if (bytes < FEWEST_BYTES)
      report.error(path, `the password in ${name} has ${bytes} bytes; at least 16 are needed`)
  }
}

/** Fewer characters could be found by trying. */
const UNGUESSABLE = 20

/**
 * sr.ht signs for every account with one key, and each account says what its payloads hold. So only who
 * knows the address can be told from everybody else.
 */
function checkAddress(path: Path, url: string | undefined, report: Report): void {
  const longest = Math.max(0, ...(url ?? '').split('/').map((segment) => segment.length))
  if (longest >= UNGUESSABLE) return
  const message =
    'needs a "url" that nobody can guess: sourcehut signs what anybody with an account there asks it to'
  report.error(url === undefined ? path : [...path, 'url'], message, {
    hint: 'write "/srht/" and what this prints: openssl rand -hex 16',
  })
}
