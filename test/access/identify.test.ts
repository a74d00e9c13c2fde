/** How long a provider's word counts. */

import { expect, onTestFinished, test } from 'vitest'
import { createIdentify } from '../../src/access/identify.ts'
import { digestOf, makeSecret } from '../../src/access/secret.ts'
import type { OidcSettings } from '../../src/model/oidc.ts'
import { networksOf } from '../../src/network/allowed.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDirectory } from '../some.ts'

const issuer = 'https://id.example.com/'
const HOUR = 60 * 60 * 1000
const oidc = { issuer, sessionMs: 8 * HOUR } as OidcSettings

async function signedIn(identity?: { issuer: string; subject: string }) {
  const store = openSqlite(aDirectory())
  onTestFinished(() => store.close())
  const { accounts } = store
  const who = {
    name: 'ada',
    role: 'viewer',
    createdBy: 'x',
    ...(identity && { identity }),
  } as const
  const { id: userId } = await accounts.users.create(who)
  const value = makeSecret()
  const hash = digestOf(value) ?? Buffer.alloc(0)
  await accounts.sessions.create({ hash, userId, at: 0, address: '', userAgent: '' })
  const headers = { host: 'localhost', cookie: `runhook=${value}` }
  const socket = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' }
  const incoming = { headers, socket } as unknown as Parameters<
    ReturnType<typeof createIdentify>
  >[0]
  return async (at: number, now: OidcSettings | null) => {
    const settings = { publicUrl: null, trusted: networksOf([]), proxyLogin: null, oidc: now }
    const parts = { accounts, settings, addressOf: () => '', report: () => {}, now: () => at }
    return (await createIdentify(parts)(incoming)) !== null
  }
}

test('the provider is asked again who somebody is when its word is older than the file says', async () => {
  const isIn = await signedIn({ issuer, subject: '1' })
  expect([await isIn(8 * HOUR - 1, oidc), await isIn(8 * HOUR, oidc)]).toEqual([true, false])
})

test('a provider that the file names no more, or has another for, vouches for nobody', async () => {
  const isIn = await signedIn({ issuer, subject: '1' })
  expect(await isIn(1, oidc)).toBe(true)
  expect(await isIn(1, null)).toBe(false)
  expect(await isIn(1, { ...oidc, issuer: 'https://other.example.com/' })).toBe(false)
})

test('users of this server are none of its business', async () => {
  const isIn = await signedIn()
  expect([await isIn(24 * HOUR, oidc), await isIn(24 * HOUR, null)]).toEqual([true, true])
})
