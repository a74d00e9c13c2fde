/** Who stays to see more: until he may not, leaves, or nobody can say who he is any more. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { STREAMS_MAX, type Stay, Stays } from '../../src/access/stays.ts'
import type { Role } from '../../src/record/tokens.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Somebody with a role that the test changes, and a source that waits for ever after one value. */
function aStayer(needed: Role = 'viewer', key = 'session 1', stays = new Stays()) {
  const now = { role: 'operator' as Role | null, fails: false, asked: 0 }
  const roleNow = async () => {
    now.asked += 1
    if (now.fails) throw new Error('no database')
    return now.role
  }
  const state = { came: [] as number[], isOver: false, wasToldToLetGo: false }
  const browser = new AbortController()
  const stay: Stay = { key, whose: 'ada', needed, roleNow }
  async function* source(left: AbortSignal) {
    left.addEventListener('abort', () => {
      state.wasToldToLetGo = true
    })
    yield 1
    await new Promise(() => {})
    yield 2
  }
  const reading = (async () => {
    for await (const value of stays.during(stay, browser.signal, source)) state.came.push(value)
    state.isOver = true
  })()
  return { stays, now, state, browser, reading }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

describe('what comes to somebody', () => {
  test('ends when his role is lowered below what it needs, and not before', async () => {
    const [viewing, operating] = [aStayer('viewer'), aStayer('operator')]
    await seconds(5)
    expect([viewing.state.isOver, operating.state.isOver]).toEqual([false, false])
    for (const { now } of [viewing, operating]) now.role = 'viewer'
    await seconds(2)
    expect([viewing.state.isOver, operating.state.isOver]).toEqual([false, true])
    expect(operating.state).toEqual({ came: [1], isOver: true, wasToldToLetGo: true })
  })

  test('ends although its source waits for something', async () => {
    const { now, state } = aStayer()
    now.role = null
    await seconds(2)
    expect(state).toEqual({ came: [1], isOver: true, wasToldToLetGo: true })
  })

  test('ends when he leaves, and nobody is asked about him any more', async () => {
    const { now, browser, reading } = aStayer()
    await seconds(2)
    browser.abort()
    await reading
    const { asked } = now
    await seconds(5)
    expect([asked, now.asked]).toEqual([2, 2])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('goes on while a database is away for a moment, and ends when it stays away', async () => {
    const { now, state } = aStayer()
    now.fails = true
    await seconds(5)
    now.fails = false
    await seconds(2)
    now.fails = true
    await seconds(9)
    expect(state.isOver).toBe(false)
    await seconds(2)
    expect(state.isOver).toBe(true)
  })
})

test('of all that is open in one session one question is asked', async () => {
  const stays = new Stays()
  const all = Array.from({ length: 5 }, () => aStayer('viewer', 'session 1', stays))
  const other = aStayer('viewer', 'session 2', stays)
  await seconds(3)
  expect(all.reduce((sum, { now }) => sum + now.asked, 0)).toBe(3)
  const [first] = all
  if (first) first.now.role = null
  await seconds(1)
  expect(all.map(({ state }) => state.isOver)).toEqual(all.map(() => true))
  expect(other.state.isOver).toBe(false)
})

test('who asks for more than he may have is refused, also where he was let in with many others', async () => {
  const stays = new Stays()
  const all = Array.from({ length: STREAMS_MAX }, (_, n) =>
    aStayer('viewer', `session ${n}`, stays),
  )
  await seconds(1)
  const stay: Stay = {
    key: 'session 1',
    whose: 'ada',
    needed: 'viewer',
    roleNow: async () => 'viewer',
  }
  const late = stays.during(stay, new AbortController().signal, async function* () {
    yield 1
  })
  expect(() => stays.admit(stay)).toThrow('ada has 64 pages')
  await expect(late.next()).rejects.toMatchObject({ code: 'too-many', retryAfter: 10 })
  expect(() => stays.admit({ ...stay, whose: 'bob' })).not.toThrow()
  const [first] = all
  first?.browser.abort()
  await first?.reading
  expect(() => stays.admit(stay)).not.toThrow()
})

test('who cannot be sent away is asked nothing', async () => {
  const stays = new Stays()
  const source = async function* () {
    yield 1
    yield 2
  }
  const came: number[] = []
  for await (const value of stays.during(null, new AbortController().signal, source))
    came.push(value)
  expect([came, vi.getTimerCount()]).toEqual([[1, 2], 0])
})
