import { describe, expect, test } from 'vitest'
import { claimsOf, nameFor, roleFor, together } from '../../src/access/oidc-claims.ts'
import type { OidcSettings } from '../../src/model/oidc.ts'

describe('what the ID token and the UserInfo endpoint say together', () => {
  test('is what both say, and where they differ what the ID token says', () => {
    expect(together({ sub: '1', name: 'Ada' }, { sub: '1', name: 'Eve', groups: ['a'] })).toEqual({
      sub: '1',
      name: 'Ada',
      groups: ['a'],
    })
  })

  const boss = 'boss@corp.example'
  const mine = 'me@evil.example'
  test.each([
    ['of the other', { email: boss }, { email: mine, email_verified: true }, undefined],
    ['of the other, which has none', { email_verified: true }, { email: boss }, undefined],
    ['denied beside it', { email: boss, email_verified: false }, { email_verified: true }, false],
    [
      'denied beside it, and not beside the other',
      { email_verified: true },
      { email: boss, email_verified: false },
      false,
    ],
    ['beside it', { email: boss, email_verified: true }, { email: mine }, true],
    ['said by the other of the same', { email: boss }, { email: boss, email_verified: true }, true],
    ['said by the other alone', {}, { email: boss, email_verified: true }, true],
  ])('an address is verified only by what is said of it: %s', (_, token, userInfo, verified) => {
    const all = together({ sub: '1', ...token }, { sub: '1', ...userInfo })
    expect([all.email, all.email_verified]).toEqual([boss, verified])
  })
})

describe('an address', () => {
  const rules = [{ role: 'admin' as const, claims: new Map([['email', ['boss@corp.example']]]) }]
  const email = 'boss@corp.example'

  test.each([
    ['true', true, true],
    ['the text "true", as Apple and Amazon Cognito write it', 'true', true],
    ['false', false, false],
    ['the text "false"', 'false', false],
    ['a list', [true], false],
    ['a list of texts', ['true'], false],
    ['a number', 1, false],
    ['another text', 'TRUE', false],
    ['an object', { true: true }, false],
    ['nothing', undefined, false],
    ['null', null, false],
  ])('that is said to be verified by %s', (_, email_verified, counts) => {
    const claims = { sub: '7', email, email_verified }
    expect(roleFor(claims, rules)).toBe(counts ? 'admin' : null)
    const name = counts ? 'oidc:boss@corp.example' : 'oidc:7'
    expect([nameFor(claims, 'email'), nameFor(claims, null)]).toEqual([name, name])
  })

  test('is one text: of several it is not known which was verified', () => {
    const claims = { sub: '7', email: ['me@evil.example', email], email_verified: true }
    expect([roleFor(claims, rules), nameFor(claims, 'email')]).toEqual([null, 'oidc:7'])
  })

  test('that names people is asked for with whether it is verified', () => {
    const settings = { rules: [], nameClaim: 'email' } as unknown as OidcSettings
    expect(claimsOf(settings)).toEqual(['email_verified', 'email'])
  })
})
