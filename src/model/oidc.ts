/** How people sign in by OpenID Connect, as the hooks file says it. */

import type { Secret } from './hook.ts'

export interface OidcSettings {
  /** As URL.href writes it, so that one issuer is written in one way. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** With `openid`. */
  readonly scopes: readonly string[]
  /** Which claim people are called by; null = the first there is of those that usually hold a name. */
  readonly nameClaim: string | null
  /** What the button calls the provider. */
  readonly label: string
  /** Whoever fits none of them gets no access; who fits several has the highest role of them. */
  readonly rules: readonly OidcRule[]
  /** After so long the provider is asked again who somebody is. */
  readonly sessionMs: number
  /** Where the provider sends people back to. Never made of what a request says. */
  readonly redirectUri: string
}

/** Fits who has, of each claim, one of the values. */
export interface OidcRule {
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly claims: ReadonlyMap<string, readonly string[]>
}
