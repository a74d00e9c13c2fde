import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Away } from '../../src/fleet/away.ts'
import { Heart } from '../../src/fleet/heart.ts'
import { Lease, type Stage } from '../../src/fleet/lease.ts'
import { silentLog } from '../../src/log.ts'
import type { Beat, Claim } from '../../src/postgres/contract.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

const nothing: Beat = { lost: [], cancel: new Map() }
const claim = (runId: number): Claim => ({ runId, job: `job-${runId}`, queue: 'label.web' })

function aHeart(beat: (claims: readonly Claim[]) => Promise<Beat>) {
  const turns: [Stage, at: number][] = []
  const beats: number[] = []
  const claims: Claim[] = []
  const brought: Beat[] = []
  const lease = new Lease(30_000, Date.now)
  lease.renewed(Date.now(), [])
  const heart = new Heart({
    lease,
    now: Date.now,
    claims: () => [...claims],
    beat: (given) => {
      beats.push(Date.now())
      return beat(given)
    },
    renewed: (given) => void brought.push(given),
    turned: (stage) => void turns.push([stage, Date.now()]),
    away: new Away(silentLog()),
  })
  heart.start()
  return { heart, lease, turns, beats, claims, brought }
}

test('the lease is renewed every sixth of it, and nothing is told while it holds', async () => {
  const { heart, beats, turns } = aHeart(async () => nothing)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(beats.slice(0, 3)).toEqual([5000, 10_000, 15_000])
  expect(turns).toEqual([])
  heart.stop()
})

test('each threshold is told once, at its time, and the return too', async () => {
  let reachable = true
  const { heart, turns } = aHeart(async () => {
    if (!reachable) throw new Error('it is away')
    return nothing
  })
  await vi.advanceTimersByTimeAsync(10_000)
  reachable = false
  await vi.advanceTimersByTimeAsync(50_000)
  expect(turns).toEqual([
    ['ending', 25_000],
    ['over', 30_000],
  ])
  reachable = true
  await vi.advanceTimersByTimeAsync(5000)
  expect(turns.at(-1)).toEqual(['held', 65_000])
  heart.stop()
})

test('a renewal that hangs keeps neither the next one nor the clock', async () => {
  let hanging = true
  const { heart, turns, beats } = aHeart(() =>
    hanging ? new Promise(() => undefined) : Promise.resolve(nothing),
  )
  await vi.advanceTimersByTimeAsync(16_000)
  expect(beats).toEqual([5000, 10_000, 15_000])
  expect(turns).toEqual([['ending', 15_000]])
  await vi.advanceTimersByTimeAsync(4500)
  expect(turns.at(-1)).toEqual(['over', 20_000])
  hanging = false
  await vi.advanceTimersByTimeAsync(5000)
  expect(turns.at(-1)?.[0]).toBe('held')
  heart.stop()
})

test('after a freeze all is over before anything that comes in is believed', async () => {
  const answers: ((beat: Beat) => void)[] = []
  const { heart, turns, brought } = aHeart(() => new Promise((done) => answers.push(done)))
  await vi.advanceTimersByTimeAsync(5000)
  vi.setSystemTime(100_000) // no timer of ours has run meanwhile
  answers[0]?.(nothing)
  await vi.advanceTimersByTimeAsync(0)
  expect(turns).toEqual([['over', 100_000]])
  expect(brought).toHaveLength(1)
  heart.stop()
})

test('what was lost is told, and no longer counts', async () => {
  const { heart, lease, claims, brought } = aHeart(async () => ({ ...nothing, lost: [1] }))
  claims.push(claim(1), claim(2))
  lease.take(1, 0)
  lease.take(2, 0)
  await vi.advanceTimersByTimeAsync(5000)
  expect(brought[0]?.lost).toEqual([1])
  expect(lease.since).toBe(5000)
  heart.stop()
})

test('a heart that was stopped tells nothing of an answer that comes later', async () => {
  const answers: ((beat: Beat) => void)[] = []
  const { heart, turns, brought } = aHeart(() => new Promise((done) => answers.push(done)))
  await vi.advanceTimersByTimeAsync(5000)
  heart.stop()
  answers[0]?.({ ...nothing, lost: [1] })
  await vi.advanceTimersByTimeAsync(60_000)
  expect([turns, brought]).toEqual([[], []])
})
