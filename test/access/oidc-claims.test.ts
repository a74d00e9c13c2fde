import { describe, expect, test } from 'vitest'
import { together } from '../../src/access/oidc-claims.ts'

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
