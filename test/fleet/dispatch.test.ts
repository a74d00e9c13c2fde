import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FleetDispatcher } from '../../src/fleet/dispatch.ts'
import type { Accepted } from '../../src/record/store.ts'
import { unstarted } from '../../src/run/ended.ts'
import { aStored } from '../run/runs.ts'
import { aDelivery, aHook } from '../some.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function aDispatcher() {
  const asked: unknown[] = []
  let counts = { waiting: 3, running: 1 }
  let away = false
  const accepted: Accepted = {
    delivery: aStored(),
    queued: [],
    begun: [],
    superseded: [],
    cancel: [],
  }
  const dispatcher = new FleetDispatcher({
    store: {
      accept: async (delivery) => {
        asked.push(delivery.guid)
        return accepted
      },
      rerun: async (runId, hook) => {
        asked.push([runId, hook.name])
        return accepted
      },
    },
    fleet: {
      cancel: async (runId, reason) => {
        asked.push([runId, reason])
        return 'stopping'
      },
      counts: async () => {
        asked.push('counts')
        if (away) throw new Error('it is away')
        return counts
      },
    },
    ends: { when: async (runId) => unstarted(`run ${runId}`) },
  })
  const become = (next: typeof counts | 'away') => {
    away = next === 'away'
    if (next !== 'away') counts = next
  }
  return { dispatcher, asked, accepted, become }
}

test('what is asked of it is done in the database', async () => {
  const { dispatcher, asked, accepted } = aDispatcher()
  const delivery = aDelivery()
  expect(await dispatcher.accept(delivery, [], [])).toBe(accepted)
  expect(await dispatcher.rerun(7, aHook())).toBe(accepted)
  expect(await dispatcher.cancel(7, 'ada')).toBe('stopping')
  expect((await dispatcher.whenEnded(7)).reason).toBe('run 7')
  expect(asked).toEqual([delivery.guid, [7, 'deploy-site'], [7, 'cancelled by ada']])
})

test('counts are of a moment ago, and asked for at most once a second, while somebody wants them', async () => {
  const { dispatcher, asked, become } = aDispatcher()
  expect(dispatcher.counts).toEqual({ waiting: 0, running: 0 })
  await vi.waitFor(() => expect(dispatcher.counts).toEqual({ waiting: 3, running: 1 }))
  expect(asked).toEqual(['counts'])
  become({ waiting: 0, running: 2 })
  vi.advanceTimersByTime(1000)
  expect(dispatcher.counts).toEqual({ waiting: 3, running: 1 })
  await vi.waitFor(() => expect(dispatcher.counts).toEqual({ waiting: 0, running: 2 }))
  expect(asked).toEqual(['counts', 'counts'])
})

test('while the database is away the last counts stay', async () => {
  const { dispatcher, asked, become } = aDispatcher()
  void dispatcher.counts
  await vi.waitFor(() => expect(dispatcher.counts.waiting).toBe(3))
  become('away')
  vi.advanceTimersByTime(1000)
  void dispatcher.counts
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  expect(dispatcher.counts).toEqual({ waiting: 3, running: 1 })
})
