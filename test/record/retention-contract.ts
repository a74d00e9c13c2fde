/**
 * What every engine keeps, and what goes when its time is over. Rows are made long ago, the clock is the real
 * one.
 */

import { describe, expect } from 'vitest'
import type { Keep } from '../../src/model/config.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import type { Conclusion } from '../../src/model/run.ts'
import type { KeptOutputs } from '../../src/record/prune.ts'
import type { Policy, Retention } from '../../src/record/retention.ts'
import type { Store } from '../../src/record/store.ts'
import type { MaybeTest } from '../needs.ts'
import { aDelivery, aHook } from '../some.ts'
import { accept } from './engine.ts'

export const DAY = 24 * 60 * 60 * 1000
export const daysAgo = (days: number) => Date.now() - days * DAY

/** Of a run that was. */
export interface Past extends Partial<Pick<Delivery, 'guid' | 'body'>> {
  readonly hook?: string
  readonly bytes?: number
  readonly status?: Conclusion | 'queued' | 'running'
}

/** A store with history. */
export interface Archive {
  readonly store: Store
  readonly retention: Retention
  readonly files: Pick<KeptOutputs, 'bytes'>
  /** Those of the policy. */
  readonly hooks: Map<string, { runs: number | null; ageMs: number | null }>
  /** A run of `days` ago with so many bytes of output, ended unless it says otherwise. */
  aRun(days: number, past?: Past): Promise<number>
  /** In order. */
  runIds(): Promise<number[]>
  /** Which of these runs have their output still. */
  withOutput(ids: readonly number[]): Promise<number[]>
  /** Rows of a table. */
  count(table: string): Promise<number>
  /** Says when the text of a hook was last in use. */
  configUsed(hash: string, at: number): Promise<void>
  /** The store anew, as after a restart. */
  reopened(): Promise<Store>
}

export interface Archives {
  readonly test: MaybeTest
  readonly archive: (keep?: Partial<Keep>) => Promise<Archive>
}

/** What an archive keeps unless its test says otherwise. */
export function policyOf(server: Keep, hooks: Policy['hooks']): Policy {
  return { server, hooks, configs: ['c-now'] }
}

export function retentionContract({ test, archive }: Archives): void {
  describe('payloads', () => {
    test('go after their time; the delivery stays and says why it cannot be used again', async () => {
      const { store, retention, aRun } = await archive()
      await aRun(20, { status: 'failure' })
      await aRun(13)
      await retention.round(0)
      const [, old] = await store.deliveries({ limit: 2 })
      expect(old).toMatchObject({ id: 1, repository: 'acme/site' })
      expect(old?.bodyRemovedAt).toBeGreaterThan(daysAgo(0.01))
      expect((await store.delivery(1))?.body).toHaveLength(0)
      expect((await store.delivery(2))?.body.length).toBeGreaterThan(0)
      await expect(store.rerun(1, aHook())).rejects.toMatchObject({
        message: 'Delivery #1 cannot be used again: its payload was removed after 20 days.',
        code: 'conflict',
        hint: expect.stringContaining('"bodies" of "keep"'),
      })
      expect((await store.rerun(2, aHook())).queued).toHaveLength(1)
    })

    test('of what waits or runs stay, however old', async () => {
      const { store, retention, aRun } = await archive()
      await aRun(300, { status: 'queued' })
      await aRun(300, { status: 'running' })
      await aRun(0)
      await retention.round(0)
      for (const id of [1, 2]) {
        expect((await store.delivery(id))?.body.length).toBeGreaterThan(0)
        expect(await store.run(id)).not.toBeNull()
      }
    })

    test('of many megabytes go too, some at a time', async () => {
      const { store, retention, aRun } = await archive()
      for (let i = 0; i < 5; i++) await aRun(20, { body: Buffer.alloc(3 * 2 ** 20, i) })
      await retention.round(0)
      const all = await store.deliveries({ limit: 10 })
      expect(all.filter((one) => one.bodyRemovedAt === null)).toEqual([])
    })
  })

  describe('output', () => {
    test('goes after its time, but not that of the last five runs of a hook', async () => {
      const { withOutput, store, retention, aRun } = await archive()
      for (let i = 0; i < 8; i++) await aRun(40)
      const other = await aRun(40, { hook: 'other' })
      await retention.round(0)
      const left = await withOutput([1, 2, 3, 4, 5, 6, 7, 8, other])
      expect(left).toEqual([4, 5, 6, 7, 8, other])
      expect(await store.steps(1)).toHaveLength(1)
    })

    test('of all runs together has a size: the oldest goes first, the last five of a hook never', async () => {
      const { withOutput, files, retention, aRun } = await archive({ outputBytes: 5000 })
      for (let i = 0; i < 3; i++) await aRun(9, { hook: 'rare', bytes: 1000 })
      for (let i = 0; i < 10; i++) await aRun(1, { hook: 'often', bytes: 1000 })
      await retention.round(0)
      const left = await withOutput(Array.from({ length: 13 }, (_, i) => i + 1))
      expect(left).toEqual([1, 2, 3, 9, 10, 11, 12, 13])
      expect(files.bytes).toBe(8000)
    })
  })

  describe('history', () => {
    test('runs go with steps and output after their time, and deliveries that nothing needs', async () => {
      const { count, withOutput, retention, aRun, runIds } = await archive()
      await aRun(200)
      await aRun(179)
      await aRun(1)
      await retention.round(0)
      expect(await runIds()).toEqual([2, 3])
      expect(await withOutput([1])).toEqual([])
      const tables = ['steps', 'deliveries', 'pruned_runs']
      expect(await Promise.all(tables.map(count))).toEqual([2, 2, 0])
    })

    test('a hook keeps so many runs as it says, and so long', async () => {
      const { hooks, retention, aRun, runIds } = await archive()
      hooks.set('few', { runs: 2, ageMs: null })
      hooks.set('long', { runs: null, ageMs: 365 * DAY })
      hooks.set('short', { runs: null, ageMs: 2 * DAY })
      for (let i = 0; i < 5; i++) await aRun(1, { hook: 'few' })
      await aRun(300, { hook: 'long' })
      await aRun(400, { hook: 'long' })
      await aRun(3, { hook: 'short' })
      await aRun(1, { hook: 'short' })
      await aRun(300, { hook: 'gone from the file' })
      await aRun(0)
      await retention.round(0)
      expect(await runIds()).toEqual([4, 5, 6, 9, 11])
    })

    test('a delivery is known again for 90 days, also when its run has gone', async () => {
      const { store, hooks, retention, aRun, runIds } = await archive({
        historyMs: DAY,
        bodiesMs: DAY,
      })
      hooks.set('deploy-site', { runs: 1, ageMs: null })
      await aRun(80, { guid: 'same', body: Buffer.from('{"first":1}') })
      await aRun(100, { guid: 'older' })
      await aRun(0)
      await retention.round(0)
      expect(await runIds()).toEqual([3])
      const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
      const matched = [{ hook: 'deploy-site', update: 0, matched: true, checks: [], run: null }]
      const again = await store.accept(aDelivery({ guid: 'same' }), matched, wanted)
      expect(again.queued).toEqual([])
      expect(again.delivery.verdicts[0]?.checks.at(-1)).toMatchObject({
        rule: 'duplicate',
        says: 'delivery 1 already started run #1 (success)',
      })
      const body = Buffer.from('{"first":1}')
      const replay = await store.accept(aDelivery({ guid: 'new', body }), matched, wanted)
      expect(replay.delivery.verdicts[0]?.checks.at(-1)).toMatchObject({ rule: 'replay' })
      expect(
        (await store.accept(aDelivery({ guid: 'older' }), matched, wanted)).queued,
      ).toHaveLength(1)
    })

    test('a delivery stays while another one repeats it', async () => {
      const { store, retention, aRun } = await archive()
      await aRun(300, { guid: 'same' })
      await aRun(10, { guid: 'same', hook: 'other' })
      await aRun(0)
      await retention.round(0)
      expect((await store.deliveries({ limit: 9 })).map(({ id }) => id)).toEqual([3, 2, 1])
    })

    test('no number is given twice, even when all is old', async () => {
      const { reopened, retention, aRun, runIds } = await archive()
      for (let i = 0; i < 3; i++) await aRun(400)
      await retention.round(0)
      expect(await runIds()).toEqual([3])
      const again = await reopened()
      expect(await accept({ store: again })).toMatchObject({
        delivery: { id: 4 },
        queued: [{ id: 4 }],
      })
    })

    test('the text of a hook goes when no run can have it any more', async () => {
      const { store, configUsed, retention } = await archive()
      await store.keepConfig(new Map(['c-old', 'c-kept', 'c-now'].map((hash) => [hash, '{}'])))
      for (const hash of ['c-old', 'c-now']) await configUsed(hash, daysAgo(220))
      await configUsed('c-kept', daysAgo(200))
      await retention.round(0)
      expect(await store.configText('c-old')).toBeNull()
      expect(await store.configText('c-kept')).toBe('{}')
      expect(await store.configText('c-now')).toBe('{}')
    })
  })
}
