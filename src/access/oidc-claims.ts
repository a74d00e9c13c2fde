/**
 * What a provider claims of somebody, and what that makes of him here. Nothing but its input counts, and what is
 * not claimed, or claimed in another form, fits no rule.
 */

import type { OidcRule, OidcSettings } from '../model/oidc.ts'
import type { Role } from '../record/tokens.ts'
import { USER_NAME } from './identify.ts'

/** As they stand in the ID token, or in the answer of the UserInfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * What the ID token says goes before what the UserInfo endpoint says. That an address is verified is said of the
 * address beside it: it makes nobody the owner of one that the other of the two names.
 */
export function together(token: Claims, userInfo: Claims): Claims {
  const all = new Map(Object.entries({ ...userInfo, ...token }))
  const from = Object.hasOwn(token, 'email') ? token : userInfo
  const other = from === token ? userInfo : token
  if (!Object.hasOwn(from, 'email_verified') && other.email !== from.email)
    all.delete('email_verified')
  else if (Object.hasOwn(from, 'email_verified')) all.set('email_verified', from.email_verified)
  return Object.fromEntries(all)
}

/** The highest that fits; null when none does. */
export function roleFor(claims: Claims, rules: readonly OidcRule[]): Role | null {
  const order = ['admin', 'operator', 'viewer'] as const
  return (
    order.find((role) => rules.some((rule) => rule.role === role && fits(claims, rule))) ?? null
  )
}

function fits(claims: Claims, rule: OidcRule): boolean {
  if (rule.claims.size === 0) return false
  return [...rule.claims].every(([claim, wanted]) => {
    const found = countingValues(claims, claim)
    return found.some((value) => wanted.some((pattern) => isLike(value, cased(claim, pattern))))
  })
}

function countingValues(claims: Claims, claim: string): string[] {
  if (claim === 'email' && !isEmailVerified(claims)) return []
  return valuesOf(claims, claim).map((value) => cased(claim, value))
}

/**
 * Some providers let people write any address, and own it later or never: one that is not said to be verified
 * is nobody's (OpenID Connect Core 1.0, 5.7). It is one text, and what is said of it a boolean (5.1), which Apple
 * and Amazon Cognito also write as the text "true". Whatever else a provider may mean, it was not that.
 */
function isEmailVerified({ email, email_verified }: Claims): boolean {
  return typeof email === 'string' && (email_verified === true || email_verified === 'true')
}

/** Addresses are the same whatever their case, to everybody who writes them. */
function cased(claim: string, value: string): string {
  return claim === 'email' ? value.toLowerCase() : value
}

/** The texts of a claim: one, or those of a list. `realm_access.roles` also leads into objects. */
export function valuesOf(claims: Claims, claim: string): string[] {
  const found = lookUp(claims, claim)
  return (Array.isArray(found) ? found : [found]).flatMap((value: unknown) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [String(value)] : [],
  )
}

/** Names of claims may hold dots themselves: "https://acme.example/roles". */
function lookUp(within: unknown, name: string): unknown {
  if (typeof within !== 'object' || within === null || Array.isArray(within)) return undefined
  const fields = new Map(Object.entries(within))
  if (fields.has(name)) return fields.get(name)
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const found = lookUp(fields.get(name.slice(0, dot)), name.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** `*` stands for any characters, or none. Linear in the length of the value. */
export function isLike(value: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return value === pattern
  if (!value.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = value.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return value.length >= at + last.length && value.endsWith(last)
}

/** Those that must be known before anybody is turned away for what is not claimed of him. */
export function claimsOf({ rules, nameClaim }: OidcSettings): string[] {
  const ofRules = rules.flatMap(({ claims }) => [...claims.keys()])
  const named = nameClaim ?? 'preferred_username'
  const more = [...ofRules, named].includes('email') ? ['email_verified'] : []
  return [...new Set([...ofRules, ...more, named])]
}

const PREFIX = 'oidc:'
const NAME_MAX = 56

/**
 * What to call him: never what anybody is called whom this server, or a proxy, knows by name, for none of those
 * has a colon in it. Of several who would be called the same, `nth` tells them apart.
 */
export function nameFor(claims: Claims, nameClaim: string | null, nth = 1): string {
  const usual = ['preferred_username', 'email', 'name', 'sub']
  const all = (nameClaim === null ? usual : [nameClaim, ...usual])
    .filter((claim) => claim !== 'email' || isEmailVerified(claims))
    .flatMap((claim) => valuesOf(claims, claim).slice(0, 1))
  const [name = 'somebody'] = all.map(written).filter((text) => USER_NAME.test(text))
  return PREFIX + name + (nth === 1 ? '' : `-${nth}`)
}

/** In the characters that a name may have: "Åsa Öberg" is Asa-Oberg. */
function written(text: string): string {
  return text
    .slice(0, 200)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._@+-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, NAME_MAX)
}

/** What was looked at in vain, for himself and for the operator: `groups: staff, all; email: not verified`. */
export function lookedAt(claims: Claims, rules: readonly OidcRule[]): string {
  const names = [...new Set(rules.flatMap((rule) => [...rule.claims.keys()]))]
  return names.map((claim) => `${claim}: ${shown(claims, claim)}`).join('; ')
}

function shown(claims: Claims, claim: string): string {
  const all = valuesOf(claims, claim)
  if (all.length === 0) return 'none'
  const some = all.slice(0, 20).map((value) => value.replace(/[^\x20-\x7e]/g, '?').slice(0, 80))
  const text = some.join(', ') + (all.length > some.length ? ', …' : '')
  return claim === 'email' && !isEmailVerified(claims) ? `${text} (not verified)` : text
}
