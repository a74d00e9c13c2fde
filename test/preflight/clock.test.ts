import { expect, test } from 'vitest'
import { checkClockBy, skewOf } from '../../src/preflight/clock.ts'
import { aListener } from '../cli/listener.ts'

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString()

test.each([
  [0, undefined],
  [25, undefined],
  [-25, undefined],
  [300, /^this clock is (299|300) s behind that of git: signed times may be refused$/],
  [-300, /^this clock is 30[01] s ahead of that of git/],
] as const)('an answer dated %i s from now', (seconds, found) => {
  const [finding] = skewOf(inSeconds(seconds), Date.now(), 'git')
  if (found) expect(finding?.found).toMatch(found)
  else expect(finding).toBeUndefined()
})

test('an answer that was long under way, or says no time, proves nothing', () => {
  expect(skewOf(inSeconds(-60), Date.now() - 60_000, 'git')).toEqual([])
  expect(skewOf(null, Date.now(), 'git')).toEqual([])
  expect(skewOf('yesterday', Date.now(), 'git')).toEqual([])
})

test('a Git host that is spoken to by HTTP is asked the time', async () => {
  const { url, received } = await aListener({
    status: 200,
    text: '',
    headers: { date: inSeconds(600) },
  })
  expect((await checkClockBy(url)).map(({ check }) => check)).toEqual(['clock'])
  expect(received.map(({ method }) => method)).toEqual(['HEAD'])
  expect(await checkClockBy('git@example.com:acme/site.git')).toEqual([])
})
