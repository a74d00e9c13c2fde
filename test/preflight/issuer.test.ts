import { expect, test } from 'vitest'
import { checkIssuer } from '../../src/preflight/issuer.ts'
import { aLiar } from '../access/liar.ts'
import { HOME, oidcOf } from '../access/provider.ts'
import { written } from '../hooks/written.ts'

const hooks = { a: { on: 'manual', auth: 'login', run: 'true' } }

async function found(server: object) {
  const { config, shown } = await written({ server, hooks })
  if (!config) throw new Error(shown)
  return (await checkIssuer(config)).map(({ check, level, found }) => `${check} ${level}: ${found}`)
}

test('the provider answers, and what it must know is said', async () => {
  const { issuer } = await aLiar()
  expect(await found(oidcOf(issuer))).toEqual([
    `oidc ok: ${issuer} answers; it must know ${HOME}/-/login/oidc/callback as a redirect URI`,
  ])
  expect(await found({})).toEqual([])
})

test('a scope that it does not tell of may not be given', async () => {
  const { issuer, state } = await aLiar()
  const scopes_supported = ['openid', 'email']
  state.lies = { metadata: (honest) => ({ ...honest, scopes_supported }) }
  expect((await found(oidcOf(issuer)))[1]).toBe(
    `oidc warning: ${issuer} tells of no scope profile, groups`,
  )
})

test('one that is another, or does not answer, lets nobody in', async () => {
  const { issuer, state } = await aLiar()
  state.lies = { metadata: (honest) => ({ ...honest, issuer: 'https://id.example.com' }) }
  expect(await found(oidcOf(issuer))).toEqual([
    expect.stringMatching(/^oidc error: http.*it calls itself https:\/\/id\.example\.com$/),
  ])
  state.lies = { broken: (response) => response.destroy() }
  expect(await found(oidcOf(issuer))).toEqual([
    expect.stringMatching(/^oidc error: http:\/\/127\.0\.0\.1:\d+\/ cannot be asked: /),
  ])
})
