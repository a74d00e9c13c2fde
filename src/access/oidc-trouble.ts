/** What may go wrong with a provider, in words: for who wanted to sign in, and for who runs this server. */

import { messageOf, systemCode } from '../errors.ts'
import type { OidcSettings } from '../model/oidc.ts'
import { OidcRefusal } from './oidc-refusal.ts'

/** Of who cannot reach it, or finds something else there. */
export function refusalFor({ issuer, label }: OidcSettings, thrown: unknown): OidcRefusal {
  return new OidcRefusal({
    status: 502,
    reason: 'provider unreachable',
    words: `${label} cannot be asked just now. Try again in a while, or sign in another way.`,
    detail: `${issuer} cannot be asked: ${detailOf(thrown)}`,
  })
}

/** Of an answer that a browser brought, or of what the provider said of it. */
export async function refusalOfAnswer(
  settings: OidcSettings,
  thrown: unknown,
): Promise<OidcRefusal> {
  if (thrown instanceof OidcRefusal) return thrown
  const { issuer, label } = settings
  const { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } =
    await import('openid-client')
  const detail = `${issuer}: ${detailOf(thrown)}`
  if (thrown instanceof AuthorizationResponseError) {
    const code = codeOf(thrown.error)
    const words = `${label} did not sign you in (${code}).`
    return new OidcRefusal({
      status: 403,
      reason: 'refused by provider',
      words,
      detail,
      isFree: true,
    })
  }
  if (thrown instanceof ResponseBodyError && thrown.error === 'invalid_grant') {
    const words = 'This sign-in was used already, or is too old. Begin again.'
    return new OidcRefusal({ status: 403, reason: 'used or too old', words, detail })
  }
  if (thrown instanceof ResponseBodyError || thrown instanceof WWWAuthenticateChallengeError) {
    const words = `${label} did not answer this server as it should. Its operator finds more in the log.`
    return new OidcRefusal({ status: 502, reason: 'refused by provider', words, detail })
  }
  if (isUnreachable(thrown)) return refusalFor(settings, thrown)
  const words = `What came from ${label} cannot be believed, so nobody was signed in. The operator of this server finds more in its log.`
  return new OidcRefusal({ status: 403, reason: 'answer not believed', words, detail })
}

export function wrongIssuer({ issuer }: OidcSettings, found: string): OidcRefusal {
  return new OidcRefusal({
    status: 403,
    reason: 'answer not believed',
    words: 'What came from the provider is of another issuer, so nobody was signed in.',
    detail: `${issuer} let ${printable(found)} speak for it; write that one as "issuer" if it is meant`,
  })
}

function isUnreachable(thrown: unknown): boolean {
  const isNetwork = thrown instanceof TypeError && thrown.cause instanceof Error
  return (
    isNetwork ||
    ['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM'].includes(systemCode(thrown) ?? '')
  )
}

/** Which check failed, and what a network or the provider said; never a token, for causes may hold those whole. */
function detailOf(thrown: unknown): string {
  const said = ['error', 'error_description', 'status'].map((key) => fieldOf(thrown, key))
  const causes = causesOf(thrown)
  const claims = causes.flatMap((cause) => [fieldOf(cause, 'claim'), fieldOf(cause, 'attribute')])
  const [found] = causes.map((cause) => fieldOf(fieldsOf(cause, 'body'), 'issuer')).filter(Boolean)
  const parts = [
    ...causes.flatMap((cause) => (cause instanceof Error ? [wordsOf(cause)] : [])),
    ...claims.map((claim) => claim && `"${claim}"`),
    ...said,
    found && `it calls itself ${found}`,
  ]
  return printable([...new Set(parts.filter(Boolean))].join(', '))
}

/** What could not be parsed is quoted by its error, and may be a token. */
function wordsOf(error: Error): string {
  return error instanceof SyntaxError ? 'no JSON' : messageOf(error)
}

/** The error and what led to it. */
function causesOf(thrown: unknown, deep = 0): unknown[] {
  if (thrown === undefined || thrown === null || deep > 4) return []
  const cause = typeof thrown === 'object' && 'cause' in thrown ? thrown.cause : undefined
  return [thrown, ...causesOf(cause, deep + 1)]
}

function fieldsOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function fieldOf(value: unknown, key: string): string {
  const found = fieldsOf(value, key)
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}

function codeOf(error: string): string {
  return /^[a-z_]{1,40}$/.exec(error)?.[0] ?? 'it did not say why'
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500)
}
