/**
 * A real provider of OpenID Connect (oidc-provider, certified) on loopback, which signs in whoever the test says
 * without asking, and the way of a browser through it.
 */

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type OidcContext, Provider } from 'oidc-provider'
import { onTestFinished, vi } from 'vitest'
import type { Answered, aSite } from './site.ts'

export const CLIENT = { id: 'runhook', secret: 'canary-of-the-client-0123456789' }

/** Where the server says that it is; requests of tests go to its port, whatever that is. */
export const HOME = 'http://127.0.0.1:9000'
export const CALLBACK = '/-/login/oidc/callback'

/** What is written of a provider under "server", with rules for groups. */
export function oidcOf(issuer: string, more: object = {}): object {
  return {
    'public-url': HOME,
    oidc: {
      issuer,
      'client-id': CLIENT.id,
      'client-secret': CLIENT.secret,
      label: 'Acme',
      scopes: ['profile', 'email', 'groups'],
      roles: {
        viewer: { groups: 'staff' },
        operator: { groups: 'ops' },
        admin: { groups: 'root' },
      },
      ...more,
    },
  }
}

export interface Person {
  readonly preferred_username?: string
  readonly name?: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly groups?: readonly string[]
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }

export async function aProvider(people: Record<string, Person>, home = HOME) {
  /** Who signs in next, by the key of `people`. */
  const now = { as: Object.keys(people)[0] ?? '' }
  const server = createServer()
  const issuer = await listening(server)
  const quiet = vi.spyOn(console, 'warn').mockImplementation(() => undefined) // it keeps nothing, and says so
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [home + CALLBACK],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: {
      profile: ['preferred_username', 'name'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    pkce: { required: () => true },
    jwks: { keys: [key] },
    cookies: { keys: ['of a test'] },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: () => '/who-are-you' },
    findAccount: (_: unknown, accountId: string) => ({
      accountId,
      claims: async () => ({ sub: accountId, ...people[accountId] }),
    }),
    async loadExistingGrant({ oidc }: OidcContext) {
      const { clientId } = oidc.client
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid profile email groups')
      await grant.save()
      return grant
    },
  })
  quiet.mockRestore()
  const callback = provider.callback()
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/who-are-you')) return callback(request, response)
    const login = { accountId: now.as }
    void provider.interactionFinished(request, response, { login })
  })
  return { issuer, now, people }
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Site = Awaited<ReturnType<typeof aSite>>

export interface Way {
  /** Of the start. */
  readonly begun: Answered
  /** What the browser holds from then on. */
  readonly flow: string
  /** Path and query with which the provider sends the browser back. */
  readonly back: string
}

/** From the login page to the provider and as far as the way back, by a browser of its own. */
export async function goTo(site: Site, next = '/-/', headers = {}): Promise<Way> {
  const begun = await site.ask(`/-/login/oidc?next=${encodeURIComponent(next)}`, { headers })
  const back = begun.status === 303 ? await wayBack(String(begun.headers.location)) : ''
  return { begun, flow: begun.cookie ?? '', back }
}

/** Redirects of the provider are followed as browsers do, until one leads away from it. */
export async function wayBack(from: string): Promise<string> {
  const { origin } = new URL(from)
  const cookies = new Map<string, string>()
  let url = from
  for (let steps = 0; steps < 10; steps += 1) {
    if (new URL(url).origin !== origin) return url.slice(new URL(url).origin.length)
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`${answer.status} ${await answer.text()}`)
    url = new URL(location, url).href
  }
  throw new Error('The provider leads nowhere.')
}

/** The whole way; resolves with the answer of the last step, whose `cookie` is that of the session. */
export async function signInBy(site: Site, next = '/-/'): Promise<Answered> {
  const { flow, back } = await goTo(site, next)
  return site.ask(back, { cookie: flow })
}
