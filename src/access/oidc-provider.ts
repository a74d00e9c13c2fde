/**
 * The provider as openid-client speaks with it. The library is loaded when somebody first signs in so, and the
 * provider asked then: one that is down holds up no start and nobody who comes in another way.
 */

import type { Configuration, ServerMetadata } from 'openid-client'
import type { OidcSettings } from '../model/oidc.ts'
import { boundedFetch, endpointProblem, mayUse } from './oidc-answer.ts'
import { type Claims, claimsOf, together, valuesOf } from './oidc-claims.ts'
import type { Flow } from './oidc-flow.ts'
import { createProof, type Proof } from './oidc-proof.ts'
import { refusalFor, refusalOfAnswer, wrongIssuer } from './oidc-trouble.ts'

export interface Provider {
  /** All that follow reject with an OidcRefusal. Where a browser begins to sign in. */
  authorizationUrl(flow: Flow): Promise<string>
  /** What the provider claims of who comes back with this query, once everything about it was checked. */
  claimsFor(search: string, flow: Flow): Promise<Claims>
  /** Asks it, and says what it said of itself: for who looks whether it answers. */
  metadata(): Promise<Readonly<ServerMetadata>>
  /** Where to sign out there; null when it told of no such place, or was not asked yet. */
  endSessionUrl(): string | null
}

/** For each answer, to its last byte. */
const TIMEOUT_S = 10
/** After that its addresses and keys are asked for anew. */
const FRESH_MS = 60 * 60 * 1000
/** Not more often than that when it does not answer. */
const PAUSE_MS = 1000

/** No longer (OpenID Connect Core 1.0, 2), and nothing that a database would cut it off at. */
const SUBJECT = /^[^\p{Cc}]{1,255}$/u

type Client = typeof import('openid-client')

/** `timeout`: seconds for each answer. */
export function createProvider(
  settings: OidcSettings,
  now = Date.now,
  timeout = TIMEOUT_S,
): Provider {
  const discovery = createDiscovery(() => discover(settings, timeout), settings, now)
  const loaded = () => Promise.all([import('openid-client'), discovery.get()])

  const claimsFor = async (search: string, { state, nonce, verifier }: Flow): Promise<Claims> => {
    const [client, { configuration: known, proof }] = await loaded()
    const url = new URL(settings.redirectUri)
    url.search = search
    // Checks `iss`, `state` and errors; of the ID token its signature, issuer, audience, times and nonce.
    const exchange = () =>
      client.authorizationCodeGrant(known, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
    const methods = known.serverMetadata().token_endpoint_auth_methods_supported
    const isRefusal = (thrown: unknown) =>
      (thrown instanceof client.ResponseBodyError && thrown.error === 'invalid_client') ||
      (thrown instanceof client.WWWAuthenticateChallengeError && thrown.status === 401)
    const tokens = await proof.tried(methods, exchange, isRefusal)
    const claims = tokens.claims() ?? { iss: '', sub: '' }
    // The library lets one address of a provider speak for many issuers, and a subject is of one alone.
    if (URL.parse(claims.iss)?.href !== settings.issuer) throw wrongIssuer(settings, claims.iss)
    // Whoever asked for it, where that is said (OpenID Connect Core 1.0, 3.1.3.7, rule 5); the library looks only at lists.
    const { azp = settings.clientId }: Claims = claims
    if (azp !== settings.clientId) throw new Error('its ID token was asked for by another client')
    if (!SUBJECT.test(claims.sub)) throw new Error('its ID token has a "sub" that is none')
    return together(claims, await more(client, known, tokens.access_token, claims))
  }

  /** Many providers put groups there and not into the ID token. */
  const more = async (client: Client, known: Configuration, token: string, claims: Claims) => {
    const missing = claimsOf(settings).some((claim) => valuesOf(claims, claim).length === 0)
    if (!missing || known.serverMetadata().userinfo_endpoint === undefined) return {}
    return client.fetchUserInfo(known, token, String(claims.sub))
  }

  return {
    metadata: async () => (await discovery.get()).configuration.serverMetadata(),
    async authorizationUrl({ state, nonce, verifier }) {
      const [client, { configuration: known }] = await loaded()
      if (known.serverMetadata().authorization_endpoint === undefined)
        throw refusalFor(settings, new Error('it tells of no authorization_endpoint'))
      const url = client.buildAuthorizationUrl(known, {
        redirect_uri: settings.redirectUri,
        scope: settings.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      return url.href
    },
    async claimsFor(search, flow) {
      try {
        return await claimsFor(search, flow)
      } catch (thrown) {
        throw await refusalOfAnswer(settings, thrown)
      }
    },
    endSessionUrl() {
      const written = discovery.last()?.serverMetadata().end_session_endpoint
      const url = URL.parse(written ?? '')
      if (url === null || !mayUse(new URL(settings.issuer), written)) return null
      // It asks the person himself, as it would be told by an ID token whom it is about, and we keep none.
      url.searchParams.set('client_id', settings.clientId)
      return url.href
    },
  }
}

/** Asked for by whoever needs it first, for all; what was told once goes on being used while it is not told anew. */
function createDiscovery(
  discover: () => Promise<Known>,
  settings: OidcSettings,
  now: () => number,
) {
  let known: (Known & { readonly at: number }) | null = null
  let failed: { readonly thrown: unknown; readonly at: number } | null = null
  let asking: Promise<Known> | null = null

  const ask = async (): Promise<Known> => {
    try {
      known = { ...(await discover()), at: now() }
      failed = null
      return known
    } catch (thrown) {
      failed = { thrown: refusalFor(settings, thrown), at: now() }
      if (known) return known
      throw failed.thrown
    }
  }
  return {
    last: () => known?.configuration ?? null,
    async get(): Promise<Known> {
      if (known && now() - known.at < FRESH_MS) return known
      if (failed && now() - failed.at < PAUSE_MS) {
        if (known) return known
        throw failed.thrown
      }
      asking ??= ask().finally(() => {
        asking = null
      })
      return asking
    },
  }
}

/** One for the provider, and how this server proves itself to it. */
interface Known {
  readonly configuration: Configuration
  readonly proof: Proof
}

async function discover(settings: OidcSettings, timeout: number): Promise<Known> {
  const client = await import('openid-client')
  const proof = createProof(settings, client.ClientSecretPost(settings.clientSecret.value))
  const issuer = new URL(settings.issuer)
  const configuration = await client.discovery(issuer, settings.clientId, undefined, proof.auth, {
    timeout,
    [client.customFetch]: (url, { body = null, signal = null, ...more }) =>
      boundedFetch(url, { ...more, body, signal }),
    execute: [
      // Signatures of ID tokens are checked although they came from the provider itself over TLS.
      client.enableNonRepudiationChecks,
      // Only of a provider on this machine: hooks/oidc.ts lets no other be written so.
      ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
    ],
  })
  const problem = endpointProblem(issuer, configuration.serverMetadata())
  if (problem !== null) throw new Error(problem)
  return { configuration, proof }
}
