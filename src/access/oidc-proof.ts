/**
 * How this server proves itself to the provider: by HTTP Basic, which each must take (RFC 6749, 2.3.1), or in the
 * form, where that is the only way that it tells of. A provider that tells of both may still take only the one that
 * was chosen for us there, and says so by refusing us, with the code unused.
 */

import type { ClientAuth } from 'openid-client'
import type { OidcSettings } from '../model/oidc.ts'

export interface Proof {
  readonly auth: ClientAuth
  /**
   * What comes of `exchange`, tried the other way where this one was refused and there is another. That one is
   * kept to when it was right.
   */
  tried<Value>(
    methods: readonly string[] | undefined,
    exchange: () => Promise<Value>,
    isRefusal: (thrown: unknown) => boolean,
  ): Promise<Value>
}

export function createProof({ clientId, clientSecret }: OidcSettings, inForm: ClientAuth): Proof {
  const basic = `Basic ${btoa(`${encoded(clientId)}:${encoded(clientSecret.value)}`)}`
  let way: 'told' | 'form' = 'told'
  return {
    auth(server, client, body, headers) {
      const methods = server.token_endpoint_auth_methods_supported
      if (way === 'form' || !takesBasic(methods)) return inForm(server, client, body, headers)
      headers.set('authorization', basic)
    },
    async tried(methods, exchange, isRefusal) {
      const before = way
      try {
        return await exchange()
      } catch (thrown) {
        const isOnlyWay = before === 'form' || !takesBasic(methods) || !methods?.includes(FORM)
        if (isOnlyWay || !isRefusal(thrown)) throw thrown
      }
      way = 'form'
      return exchange().catch((thrown: unknown) => {
        if (isRefusal(thrown)) way = 'told' // it knows us neither way
        throw thrown
      })
    },
  }
}

const FORM = 'client_secret_post'

/** One that says nothing of it takes this (OpenID Connect Discovery 1.0, 3). */
function takesBasic(methods: readonly string[] | undefined): boolean {
  return !methods || methods.includes('client_secret_basic') || !methods.includes(FORM)
}

/**
 * As forms are, and not one character more: providers that forget to decode it then still know us, for what
 * they choose for a secret is seldom more than letters, digits, "-" and "_".
 */
function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
