import { expect, test, vi } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { Flights, type Outcome, Waiting } from '../../src/receive/flights.ts'
import { pageOf } from '../../src/receive/page.ts'
import { aRun } from '../run/runs.ts'
import { aHook } from '../some.ts'

const reply = {
  statuses: new Map(),
  headers: {},
  cacheMs: 60_000,
  onDisconnect: 'continue',
} as const
const hook = aHook({ name: 'df', reply, respond: 'output' })
const end = {
  status: 'success',
  exitCode: 0,
  signal: null,
  reason: null,
  outputBytes: 0,
  outputCut: 0,
  steps: [],
} as const
const ran = (bytes = 0): Outcome => ({
  ran: { run: aRun({ hook: 'df' }), end, output: new Uint8Array(bytes) },
})

test('who joins a flight that crashes crashes with it, and the next one starts anew', async () => {
  const flights = new Flights(silentLog())
  const start = vi.fn(async () => {
    throw new Error('no disk')
  })
  const both = [flights.join(hook, 'a', start), flights.join(hook, 'a', start)]
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
  ])
  expect(start).toHaveBeenCalledTimes(1)
  await flights.join(hook, 'a', async () => ran())
  const again = vi.fn(async () => ran())
  await flights.join(hook, 'a', again)
  expect(again).not.toHaveBeenCalled()
})

test('another config of the hook never answers with what the old one ran', async () => {
  const flights = new Flights(silentLog())
  await flights.join(hook, 'a', async () => ran())
  const start = vi.fn(async () => ran())
  await flights.join({ ...hook }, 'a', start)
  expect(start).toHaveBeenCalledTimes(1)
})

test('what is kept is bounded: by its number, and by its size', async () => {
  const flights = new Flights(silentLog())
  const isKept = async (key: string) => {
    const start = vi.fn(async () => ran())
    await flights.join(hook, key, start)
    return start.mock.calls.length === 0
  }
  for (let i = 0; i <= 500; i++) await flights.join(hook, String(i), async () => ran())
  expect([await isKept('500'), await isKept('0')]).toEqual([true, false])
  for (let i = 0; i < 5; i++) await flights.join(hook, `big ${i}`, async () => ran(20 * 2 ** 20))
  expect([await isKept('big 4'), await isKept('big 0')]).toEqual([true, false])
})

test('the pages made of what is kept count, too', async () => {
  const flights = new Flights(silentLog())
  const pages: Promise<string>[] = []
  const quotes = async (): Promise<Outcome> => ({
    ran: { run: aRun({ hook: 'df' }), end, output: new Uint8Array(256 * 1024).fill(0x22) },
  })
  for (let i = 0; i < 40; i++) {
    const { outcome } = await flights.join(hook, String(i), quotes)
    if ('ran' in outcome) pages.push(pageOf(outcome.ran))
  }
  await Promise.all(pages)
  flights.trim()
  const anew = vi.fn(quotes)
  await flights.join(hook, '39', anew)
  expect(anew).not.toHaveBeenCalled()
  await flights.join(hook, '0', anew)
  expect(anew).toHaveBeenCalledTimes(1)
})

test('a hook whose runs go one at a time has room for sixteen callers, another one for all of the server', () => {
  const room = (fields: Parameters<typeof aHook>[0]) => {
    const waiting = new Waiting(8)
    let entered = 0
    while (waiting.enter(aHook(fields))) entered++
    return entered
  }
  expect(room({})).toBe(16)
  const concurrency = { group: null, cancelInProgress: false, queue: 'max' } as const
  expect(room({ concurrency })).toBe(128)
  expect(room({ concurrency, maxParallel: 2 })).toBe(32)
  expect(room({ concurrency, maxParallel: 100 })).toBe(128)
})

test('who leaves makes room', () => {
  const waiting = new Waiting(8)
  const leave = Array.from({ length: 16 }, () => waiting.enter(aHook()))
  expect(waiting.enter(aHook())).toBeNull()
  leave[0]?.()
  expect(waiting.enter(aHook())).not.toBeNull()
})
