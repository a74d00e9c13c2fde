import { describe, expect, test } from 'vitest'
import { flowCookieIn, sessionIn } from '../../src/access/cookie.ts'

describe('the cookie of a session', () => {
  test('is found among others', () => {
    expect(sessionIn('a=b; __Host-runhook=mine; c=d', 'https')).toBe('mine')
    expect(sessionIn('runhook=mine', 'local')).toBe('mine')
    expect(flowCookieIn('__Host-runhook=x; __Host-runhook-oidc=mine', 'https')).toBe('mine')
  })

  // Browsers guard names that begin with "__Host-", and let a neighbour plant these.
  test.each(['\u00a0', '\ufeff', '\t', '\u000b', '\u000c', '\u2028', 'x', '_', '"'])(
    'is not one whose name has more to it: %j',
    (more) => {
      for (const planted of [`${more}__Host-runhook=theirs`, `__Host-runhook${more}=theirs`]) {
        expect(sessionIn(planted, 'https')).toBeNull()
        expect(sessionIn(`${planted}; __Host-runhook=mine`, 'https')).toBe('mine')
        const flow = planted.replace('runhook', 'runhook-oidc')
        expect(flowCookieIn(flow, 'https')).toBeNull()
      }
      expect(sessionIn(`${more}runhook=theirs`, 'local')).toBeNull()
    },
  )

  test('is none where there are two of the name, for one of them was planted', () => {
    expect(sessionIn('__Host-runhook=theirs; __Host-runhook=mine', 'https')).toBeNull()
    expect(sessionIn('runhook=theirs; runhook=mine', 'local')).toBeNull()
  })

  test('is none where nothing binds it', () => {
    for (const place of ['unsafe', 'elsewhere'] as const)
      expect(sessionIn('__Host-runhook=mine; runhook=mine', place)).toBeNull()
  })
})
