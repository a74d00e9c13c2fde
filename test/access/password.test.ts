import { expect, test } from 'vitest'
import { hashPassword, isPassword, passwordProblem } from '../../src/access/password.ts'

const PASSWORD = 'correct horse battery'

test('a password is kept as a slow hash of its own salt, and is known again by it alone', async () => {
  const [one, two] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)]
  expect(one).toMatch(/^scrypt\$15\$[\w-]{22}\$[\w-]{43}$/)
  expect(one).not.toBe(two)
  expect(await isPassword(PASSWORD, one)).toBe(true)
  for (const wrong of ['', PASSWORD.toUpperCase(), `${PASSWORD} `, PASSWORD.slice(0, -1)]) {
    expect(await isPassword(wrong, one)).toBe(false)
  }
})

test('letters are the same however a keyboard puts them together', async () => {
  const hash = await hashPassword('na\u00efve \u00e9t\u00e9 password')
  expect(await isPassword('nai\u0308ve e\u0301te\u0301 password', hash)).toBe(true)
})

test.each([null, '', 'scrypt$15$$', 'plain', PASSWORD, 'scrypt$15$c2FsdA$a2V5'])(
  'nothing is right where %j is kept',
  async (hash) => {
    expect(await isPassword(PASSWORD, hash)).toBe(false)
    expect(await isPassword('', hash)).toBe(false)
  },
)

test('the event loop goes on meanwhile, and a flood is turned away instead of piling up', async () => {
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const tries = Array.from({ length: 40 }, () => isPassword(PASSWORD, null))
  const ended = await Promise.allSettled(tries)
  clearInterval(timer)
  const refused = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(refused).toEqual(Array(18).fill('busy'))
  expect(turns).toBeGreaterThan(5)
  expect(await isPassword(PASSWORD, await hashPassword(PASSWORD))).toBe(true)
})

test('how long it must be is said, and never the password', () => {
  expect(passwordProblem('short')).toBe('has 5 characters; take at least 12')
  expect(passwordProblem('x'.repeat(257))).toBe('has more than 256 characters')
  expect([passwordProblem('x'.repeat(12)), passwordProblem('😀'.repeat(12))]).toEqual([null, null])
})
