/**
 * A provider of OpenID Connect on loopback that tells whatever lies a test wants, and believes nothing itself: it
 * checks the client, the code, the address and the verifier of PKCE as a provider must.
 */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { CLIENT, listening } from './provider.ts'

type Fields = Record<string, unknown>

export interface Lies {
  /** Of the ID token. */
  claims?: (honest: Fields) => Fields
  header?: (honest: Fields) => Fields
  /** Made of the whole token, as it would be sent. */
  token?: (honest: string) => string
  key?: KeyObject
  metadata?: (honest: Fields) => Fields
  /** What the browser is sent back with. */
  back?: (honest: URLSearchParams) => URLSearchParams
  userinfo?: Fields
  /** Takes the secret in the form and in no other way. */
  inForm?: true
  /** Knows no client at all. */
  forgets?: true
  /** Says by which scheme it could be asked, when it does not know the client. */
  challenges?: true
  /** The path of what is answered with 2 MB more than it needs. */
  padded?: string
  /** The path of what is answered to its half, and then no more. */
  halved?: string
  /** Answers nothing but this. */
  broken?: (response: ServerResponse) => void
}

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = pair()
export const otherKey = pair().privateKey

export async function aLiar() {
  const server = createServer()
  const issuer = await listening(server)
  const codes = new Map<string, URLSearchParams>()
  const state = { lies: {} as Lies, /** Requests by their paths. */ asked: [] as string[] }

  const metadata = (): Fields => {
    const honest = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      ...(state.lies.userinfo && { userinfo_endpoint: `${issuer}/userinfo` }),
    }
    return state.lies.metadata?.(honest) ?? honest
  }

  const authorize = (asked: URLSearchParams) => {
    const code = randomBytes(16).toString('hex')
    codes.set(code, asked)
    const honest = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer })
    return `${asked.get('redirect_uri')}?${state.lies.back?.(honest) ?? honest}`
  }

  const tokensFor = async (request: IncomingMessage): Promise<[status: number, answer: Fields]> => {
    const form = new URLSearchParams(await text(request))
    const inForm =
      form.get('client_id') === CLIENT.id && form.get('client_secret') === CLIENT.secret
    const basic = `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}`
    const isClient = state.lies.inForm ? inForm : request.headers.authorization === basic
    if (!isClient || state.lies.forgets) return [401, { error: 'invalid_client' }]
    const asked = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '')
    const isRight =
      form.get('grant_type') === 'authorization_code' &&
      asked?.get('redirect_uri') === form.get('redirect_uri') &&
      asked?.get('code_challenge') === challenge.digest('base64url')
    if (!isRight) return [400, { error: 'invalid_grant', error_description: 'no such code' }]
    const idToken = tokenOf(asked?.get('nonce') ?? '')
    return [200, { access_token: 'canary-access', token_type: 'Bearer', id_token: idToken }]
  }

  const tokenOf = (nonce: string): string => {
    const { lies } = state
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, sub: '1', aud: CLIENT.id, exp: now + 300, iat: now, nonce }
    const honest = { ...claims, preferred_username: 'ada', groups: ['staff'] }
    const header = { alg: 'RS256', kid: 'one' }
    const parts = [lies.header?.(header) ?? header, lies.claims?.(honest) ?? honest]
    const signed = parts
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('RSA-SHA256', Buffer.from(signed), lies.key ?? keys.privateKey)
    const token = `${signed}.${signature.toString('base64url')}`
    return lies.token?.(token) ?? token
  }

  server.on('request', async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', issuer)
    state.asked.push(pathname)
    if (state.lies.broken) return state.lies.broken(response)
    const json = (status: number, value: unknown) => {
      const challenge = status === 401 && state.lies.challenges && { 'www-authenticate': 'Basic' }
      response.writeHead(status, { 'content-type': 'application/json', ...challenge })
      const { padded, halved } = state.lies
      const text = JSON.stringify(value)
      if (pathname === halved) return void response.write(text.slice(0, text.length / 2))
      if (pathname === padded) response.write(' '.repeat(2_000_000))
      response.end(text)
    }
    if (pathname === '/authorize') {
      response.writeHead(302, { location: authorize(searchParams) })
      return response.end()
    }
    if (pathname === '/token') return json(...(await tokensFor(request)))
    if (pathname === '/userinfo') return json(200, state.lies.userinfo)
    if (pathname === '/keys') {
      const key = keys.publicKey.export({ format: 'jwk' })
      return json(200, { keys: [{ ...key, kid: 'one', use: 'sig', alg: 'RS256' }] })
    }
    return json(pathname.startsWith('/.well-known/') ? 200 : 404, metadata())
  })
  return { issuer, state, stop: () => server.closeAllConnections() }
}
