/** What is taken of a provider at all: how long it may take, and which addresses of it are used. */

import { expect, test } from 'vitest'
import { endpointProblem } from '../../src/access/oidc-answer.ts'
import { beginFlow } from '../../src/access/oidc-flow.ts'
import { createProvider } from '../../src/access/oidc-provider.ts'
import type { OidcSettings } from '../../src/model/oidc.ts'
import { aLiar } from './liar.ts'
import { CALLBACK, CLIENT, HOME, wayBack } from './provider.ts'

const settingsOf = (issuer: string): OidcSettings => ({
  issuer: new URL(issuer).href,
  clientId: CLIENT.id,
  clientSecret: { name: 'client-secret', value: CLIENT.secret },
  scopes: ['openid'],
  nameClaim: null,
  label: 'Acme',
  rules: [{ role: 'viewer', claims: new Map([['groups', ['staff']]]) }],
  sessionMs: 60_000,
  redirectUri: HOME + CALLBACK,
})

test.each(['/.well-known/openid-configuration', '/token', '/keys', '/userinfo'])(
  'a provider that answers %s by half is waited for so long and no longer',
  async (halved) => {
    const { issuer, state } = await aLiar()
    const userinfo = { sub: '1', groups: ['staff'] }
    state.lies = { halved, userinfo, claims: ({ groups: _, ...rest }) => rest }
    const provider = createProvider(settingsOf(issuer), Date.now, 0.5)
    const { flow } = beginFlow('', Date.now())
    const wholeWay = async () => {
      const { search } = new URL(await wayBack(await provider.authorizationUrl(flow)), HOME)
      return provider.claimsFor(search, flow)
    }
    await expect(wholeWay()).rejects.toMatchObject({
      status: 502,
      reason: 'provider unreachable',
      detail: expect.stringContaining('operation timed out'),
    })
  },
)

const https = new URL('https://id.example.com/realms/acme')
const here = new URL('http://127.0.0.1:8080/')

test.each([
  [https, 'https://elsewhere.example.com/authorize', null],
  [https, 'http://id.example.com/authorize', 'which is not https'],
  [https, 'http://127.0.0.1/authorize', 'which is not https'],
  [https, 'javascript:alert(1)//https://', 'which is not https'],
  [https, 'ftp://id.example.com/', 'which is not https'],
  [https, '//id.example.com/', 'which is not https'],
  [https, ['https://id.example.com/'], 'which is not https'],
  [here, 'http://localhost:8080/authorize', null],
  [here, 'https://id.example.com/authorize', null],
  [here, 'http://id.example.com/authorize', 'which is not https, or http of this machine'],
  [here, 'ftp://localhost/', 'which is not https, or http of this machine'],
])('of %s the address %j is used, or it is said why not', (issuer, authorization_endpoint, why) => {
  const problem = endpointProblem(issuer, { issuer: 'x', authorization_endpoint })
  const written = JSON.stringify(authorization_endpoint)
  expect(problem).toBe(why && `its authorization_endpoint is ${written}, ${why}`)
})
