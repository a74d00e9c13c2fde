/**
 * What every engine beneath the Store keeps: deliveries, what of them is a repeat, what waits. Called by a test file
 * of each engine.
 */

import { describe, expect } from 'vitest'
import type { Delivery, Verdict } from '../../src/model/delivery.ts'
import type { StepRecord } from '../../src/model/run.ts'
import { aDelivery, aHook, aPush, aTag, until } from '../some.ts'
import { accept, type Engine, ended, matched, opened, runTo, waiting } from './engine.ts'

export function storeContract(engine: Engine): void {
  const { test } = engine

  test('a delivery comes back as it was, byte for byte, with its verdicts and runs', async () => {
    const open = await opened(engine)
    const body = Buffer.from([0, 255, 10, 123])
    const { delivery, queued } = await accept(open, { body })
    expect(queued).toMatchObject([
      { id: 1, hook: 'deploy-site', refName: 'main', status: 'queued' },
    ])
    const kept = await open.store.delivery(delivery.id)
    expect(Buffer.from(kept?.body ?? []).equals(body)).toBe(true)
    expect(kept?.verdicts).toMatchObject([{ hook: 'deploy-site', matched: true, run: 1 }])
    expect(await open.store.runs({ limit: 10 })).toEqual(queued)
  })

  describe('how its sender was answered', () => {
    const asked = { json: false, output: 'text' } as const

    test('is kept with the runs that he was told of, and with the end when that is known', async () => {
      const open = await opened(engine)
      const { delivery } = await accept(open, { asked })
      const first = { ...asked, runs: [1], status: null, says: null }
      expect(delivery.answer).toEqual(first)
      expect((await open.store.delivery(1))?.answer).toEqual(first)
      const end = { ...first, status: 500, says: 'nothing was run\n' }
      open.store.answered(1, end)
      await until(async () => (await open.store.delivery(1))?.answer?.status === 500, 'the end')
      expect((await open.store.delivery(1))?.answer).toEqual(end)
    })

    test('is of no output where nothing runs, and nothing where nobody waits for it', async () => {
      const open = await opened(engine)
      const ignored = await open.store.accept(aDelivery({ asked }), [], [])
      await accept(open)
      const again = await open.store.accept(aDelivery(), [], [], ignored.delivery)
      const answers = [ignored.delivery.id, 2, again.delivery.id].map((id) =>
        open.store.delivery(id),
      )
      expect((await Promise.all(answers)).map((found) => found?.answer)).toEqual([
        { json: false, output: null, runs: [], status: null, says: null },
        null,
        null,
      ])
    })

    test('names no run that a later part of the same delivery has replaced', async () => {
      const open = await opened(engine)
      const hook = aHook()
      const delivery = aDelivery({ updates: [aPush(), aPush()], asked: { ...asked, output: null } })
      const wanted = [0, 1].map((update) => ({ hook, update, inputs: {} }))
      const verdicts = [0, 1].map((update) => matched(hook.name, update))
      const { queued, delivery: kept } = await open.store.accept(delivery, verdicts, wanted)
      expect(queued).toMatchObject([{ id: 2 }])
      expect(kept.answer?.runs).toEqual([2])
      expect((await open.store.delivery(kept.id))?.answer?.runs).toEqual([2])
    })
  })

  test('everything is there again after a restart, and numbers go on', async () => {
    const open = await engine.place()
    const first = await open()
    await accept(first)
    await first.close()
    const second = await open()
    expect(await waiting(second)).toMatchObject([{ id: 1, status: 'queued' }])
    expect((await accept(second)).queued).toMatchObject([{ id: 2, deliveryId: 2 }])
  })

  test('many deliveries at once are all kept', async () => {
    const open = await opened(engine)
    const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
    const all = await Promise.all(
      Array.from({ length: engine.atOnce }, () => accept(open, {}, hook)),
    )
    expect(new Set(all.map(({ delivery }) => delivery.id)).size).toBe(engine.atOnce)
    expect(await waiting(open)).toHaveLength(engine.atOnce)
  })

  test('one bad delivery among many harms only itself', async () => {
    const open = await opened(engine)
    const bad = { event: undefined } as unknown as Partial<Delivery>
    const results = await Promise.allSettled([accept(open), accept(open, bad), accept(open)])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await open.store.deliveries({ limit: 10 })).toHaveLength(2)
  })

  test('deliveries are asked for by their numbers, newest first; none by none', async () => {
    const open = await opened(engine)
    for (let count = 0; count < 4; count++) await accept(open)
    const idsOf = async (ids: number[]) =>
      (await open.store.deliveries({ ids, limit: 10 })).map(({ id }) => id)
    expect(await idsOf([1, 3, 77])).toEqual([3, 1])
    expect(await idsOf([])).toEqual([])
    expect(await open.store.deliveries({ ids: [1, 2, 3], before: 3, limit: 1 })).toMatchObject([
      { id: 2, updates: [{ message: 'Fix the feed' }] },
    ])
  })

  describe('a delivery that comes again', () => {
    test.each(['queued', 'running', 'success'] as const)(
      'does not run while its run is %s',
      async (status) => {
        const open = await opened(engine)
        const { queued } = await accept(open, { guid: 'same' })
        const id = queued[0]?.id ?? 0
        if (status === 'running') await open.begin(id)
        if (status === 'success') await runTo(open, id, status)
        const again = await accept(open, { guid: 'same' })
        expect(again.queued).toEqual([])
        expect(again.delivery).toMatchObject({ id: 2, duplicateOf: 1 })
        expect(again.delivery.verdicts[0]).toMatchObject({
          matched: false,
          checks: [{ rule: 'duplicate', says: `delivery 1 already started run #1 (${status})` }],
        })
      },
    )

    test.each(['failure', 'timed_out', 'interrupted'] as const)(
      'runs again after %s',
      async (status) => {
        const open = await opened(engine)
        await accept(open, { guid: 'same' })
        await runTo(open, 1, status)
        expect((await accept(open, { guid: 'same' })).queued).toMatchObject([{ id: 2, attempt: 1 }])
        await runTo(open, 2, 'success')
        expect((await accept(open, { guid: 'same' })).queued).toEqual([])
      },
    )

    test('runs when it had started nothing before', async () => {
      const open = await opened(engine)
      await open.store.accept(aDelivery({ guid: 'same' }), [], [])
      expect((await accept(open, { guid: 'same' })).queued).toHaveLength(1)
    })

    test.each([50, engine.atOnce])('%i at once start exactly one run', async (length) => {
      const open = await opened(engine)
      const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
      const all = await Promise.all(
        Array.from({ length }, () => accept(open, { guid: 'same' }, hook)),
      )
      expect(all.flatMap((accepted) => accepted.queued)).toHaveLength(1)
      expect(all.filter(({ delivery }) => delivery.duplicateOf === 1)).toHaveLength(length - 1)
    })

    test('a thousand one after another start exactly one run, also after a restart', async () => {
      const open = await engine.place()
      const first = await open()
      for (let i = 0; i < 500; i++) await accept(first, { guid: 'same', body: Buffer.from(`${i}`) })
      await first.close()
      const second = await open()
      for (let i = 0; i < 500; i++)
        await accept(second, { guid: 'same', body: Buffer.from(`-${i}`) })
      expect(await second.store.runs({ limit: 10 })).toHaveLength(1)
      expect((await second.store.deliveries({ duplicateOf: 1, limit: 1000 })).at(-1)?.id).toBe(2)
    })

    test.each(['72D3162E-CC78', ' 72d3162e-cc78', '72d3162e-cc78\t', '72d3162e -cc78'])(
      'is no new one because its id is written %j',
      async (guid) => {
        const open = await opened(engine)
        await accept(open, { guid: '72d3162e-cc78' })
        const again = await accept(open, { guid })
        expect(again.queued).toEqual([])
        expect(again.delivery).toMatchObject({ guid, duplicateOf: 1 })
        expect(await open.store.delivery(2)).toMatchObject({ guid })
      },
    )

    test('may come months later', async () => {
      const open = await opened(engine)
      await accept(open, { guid: 'same', receivedAt: Date.now() - 120 * 24 * 3600 * 1000 })
      expect((await accept(open, { guid: 'same' })).queued).toEqual([])
    })

    test('at another endpoint is another delivery', async () => {
      const open = await opened(engine)
      await accept(open, { guid: 'same' })
      const other = await accept(open, { guid: 'same', endpoint: '/hooks/b' }, aHook({ name: 'b' }))
      expect(other.queued).toHaveLength(1)
    })

    test("at the host's shared endpoint does not start the same hook again", async () => {
      const open = await opened(engine)
      const updates = [{ ...aPush(), event: 'release' }]
      await accept(open, { guid: 'same', updates })
      const shared = await accept(open, { guid: 'Same', updates, endpoint: '/github' })
      expect(shared.queued).toEqual([])
      expect(shared.delivery.duplicateOf).toBeNull()
      expect(shared.delivery.verdicts[0]?.checks).toEqual([
        {
          rule: 'duplicate',
          result: 'fail',
          wanted: 'new',
          found: 'delivery #1',
          says: 'delivery 1 already started run #1 (queued)',
        },
      ])
    })

    test('of another host with the same id is another delivery', async () => {
      const open = await opened(engine)
      await accept(open, { guid: 'same' })
      const other = { guid: 'same', endpoint: '/gitlab', host: 'gitlab' } as const
      expect((await accept(open, other)).queued).toHaveLength(1)
    })

    test('can be told by its original', async () => {
      const open = await opened(engine)
      for (const guid of ['a', 'b', 'a', 'a']) await accept(open, { guid })
      const again = await open.store.deliveries({ duplicateOf: 1, limit: 10 })
      expect(again.map(({ id }) => id)).toEqual([4, 3])
    })
  })

  describe('a delivery that a person sends through once more', () => {
    test('runs though it has run before, and refers to the original', async () => {
      const open = await opened(engine)
      const body = Buffer.from('{"the":"same"}')
      const { delivery } = await accept(open, { guid: 'same', body })
      await runTo(open, 1, 'success')
      const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
      const { id: _, duplicateOf: __, verdicts: ___, ...again } = delivery
      const accepted = await open.store.accept(again, [matched('deploy-site')], wanted, delivery)
      expect(accepted.queued).toMatchObject([{ id: 2, deliveryId: 2 }])
      expect(accepted.delivery).toMatchObject({ duplicateOf: 1, verdicts: [{ run: 2 }] })
      const third = await open.store.accept(
        again,
        [matched('deploy-site')],
        wanted,
        accepted.delivery,
      )
      expect(third.delivery).toMatchObject({ id: 3, duplicateOf: 1 })
    })

    test('counts when the host sends it again', async () => {
      const open = await opened(engine)
      const { delivery } = await accept(open, { guid: 'same' })
      await runTo(open, 1, 'failure')
      const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
      await open.store.accept(delivery, [matched('deploy-site')], wanted, delivery)
      const again = await accept(open, { guid: 'same' })
      expect(again.delivery.verdicts[0]?.checks[0]?.says).toBe(
        'delivery 2 already started run #2 (queued)',
      )
    })
  })

  describe('a body that comes again under another id', () => {
    const body = Buffer.from('{"the":"same"}')

    test('is kept but not run, because it may be a replay', async () => {
      const open = await opened(engine)
      await accept(open, { body })
      for (const guid of ['other', null]) {
        const again = await accept(open, { body, guid })
        expect(again.queued).toEqual([])
        expect(again.delivery.verdicts[0]?.checks[0]?.says).toBe(
          'replay suspected: the same body came as delivery 1 and started run #1 ("replay": "allow" permits it)',
        )
      }
    })

    test('stays held back however often it is sent again', async () => {
      const open = await opened(engine)
      await accept(open, { body, guid: 'first' })
      for (let i = 0; i < 3; i++) {
        const again = await accept(open, { body, guid: 'second' })
        expect(again.queued).toEqual([])
        expect(again.delivery.verdicts[0]?.checks[0]?.rule).toBe('replay')
      }
    })

    test('is held back as another event too, for the name of the event is not signed', async () => {
      const open = await opened(engine)
      await accept(open, { body })
      const star = { body, event: 'star', updates: [{ ...aPush(), event: 'star' }] }
      expect((await accept(open, star)).queued).toEqual([])
    })

    test('is held back as well for a tag of Gogs, which comes as "create"', async () => {
      const open = await opened(engine)
      const tag = { host: 'gogs', body, updates: [{ ...aTag(), event: 'create' }] } as const
      expect((await accept(open, tag)).queued).toHaveLength(1)
      expect((await accept(open, tag)).queued).toEqual([])
    })

    test('is still refused after a restart', async () => {
      const open = await engine.place()
      const first = await open()
      await accept(first, { body })
      await first.close()
      expect((await accept(await open(), { body })).queued).toEqual([])
    })

    test('runs where the hook allows it, and for events that may honestly repeat', async () => {
      const open = await opened(engine)
      await accept(open, { body })
      expect((await accept(open, { body }, aHook({ allowReplay: true }))).queued).toHaveLength(1)
      const event = 'repository_dispatch'
      const dispatch = { body: Buffer.from('{}'), event, updates: [{ ...aPush(), event }] }
      await accept(open, dispatch)
      expect((await accept(open, dispatch)).queued).toHaveLength(1)
    })
  })

  describe('the queue', () => {
    test('a newer push replaces the waiting one of its branch, and only that', async () => {
      const open = await opened(engine)
      await accept(open)
      await accept(open, { updates: [aPush('other')] })
      await accept(open, {}, aHook({ name: 'second', concurrency: aHook().concurrency }))
      const newer = await accept(open)
      expect(newer.superseded).toEqual([1])
      expect(await open.store.run(1)).toMatchObject({
        status: 'cancelled',
        reason: 'superseded by run 4',
      })
      expect((await waiting(open)).map((run) => run.id)).toEqual([2, 3, 4])
    })

    test('a running one is not replaced', async () => {
      const open = await opened(engine)
      await accept(open)
      await open.begin(1)
      expect(await accept(open)).toMatchObject({ superseded: [], cancel: [] })
    })

    test('a running one is to be ended where the hook says cancel-in-progress', async () => {
      const open = await opened(engine)
      const concurrency = { group: 'g', cancelInProgress: true, queue: 'single' } as const
      await accept(open, {}, aHook({ concurrency }))
      await open.begin(1)
      expect((await accept(open, {}, aHook({ concurrency }))).cancel).toEqual([1])
    })

    test('with queue: max every run keeps its place', async () => {
      const open = await opened(engine)
      const hook = aHook({ concurrency: { group: 'g', cancelInProgress: false, queue: 'max' } })
      for (const tag of ['v1', 'v2', 'v3']) await accept(open, { updates: [aTag(tag)] }, hook)
      expect((await waiting(open)).map((run) => run.refName)).toEqual(['v1', 'v2', 'v3'])
    })

    test('a run begins once', async () => {
      const open = await opened(engine)
      await accept(open)
      const begun = await Promise.all([open.begin(1), open.begin(1)])
      expect(begun.filter((one) => one !== null)).toHaveLength(1)
    })

    test('a waiting run can be cancelled, an ended one cannot', async () => {
      const open = await opened(engine)
      await accept(open)
      expect(await open.cancelWaiting(1, 'cancelled by ada')).toBe(true)
      expect(await open.cancelWaiting(1, 'cancelled by ada')).toBe(false)
      expect(await open.store.run(1)).toMatchObject({
        status: 'cancelled',
        reason: 'cancelled by ada',
      })
    })

    test('a re-run is a new attempt for the same delivery', async () => {
      const open = await opened(engine)
      await accept(open)
      await runTo(open, 1, 'failure')
      expect((await open.store.rerun(1, aHook())).queued).toMatchObject([
        { id: 2, deliveryId: 1, attempt: 2, refName: 'main' },
      ])
    })
  })

  test('the end of a run is kept, and its steps', async () => {
    const open = await opened(engine)
    await accept(open)
    await open.begin(1)
    const step: StepRecord = {
      number: 1,
      phase: 'on-success',
      name: 'Update',
      title: 'git pull --ff-only',
      status: 'success',
      reason: null,
      startedAt: 1,
      finishedAt: 2,
      exitCode: 0,
      signal: null,
      outputFrom: 0,
      outputTo: 5,
    }
    await open.finish(1, { ...ended('success'), steps: [step] })
    expect(await open.store.run(1)).toMatchObject({
      status: 'success',
      exitCode: 0,
      outputBytes: 5,
    })
    expect(await open.store.steps(1)).toEqual([step])
  })

  test('lists are paged by number, newest first, and filtered', async () => {
    const open = await opened(engine)
    const hooks = ['a', 'b'].map((name) => aHook({ name }))
    for (let i = 0; i < 3; i++) for (const hook of hooks) await accept(open, {}, hook)
    const ids = async (filter: object) =>
      (await open.store.runs({ limit: 3, ...filter })).map((run) => run.id)
    expect(await ids({})).toEqual([6, 5, 4])
    expect(await ids({ before: 4 })).toEqual([3, 2, 1])
    expect(await ids({ hook: 'a' })).toEqual([5, 3, 1])
    expect(await ids({ status: 'queued' })).toEqual([6, 5])
    expect(await ids({ deliveryId: 2 })).toEqual([2])
    expect(await open.store.hooksWithRuns()).toEqual(['a', 'b'])
  })

  test('lists are filtered by who asked, since when, and to what has a result', async () => {
    const open = await opened(engine)
    expect(await open.store.hooksWithRuns()).toEqual([])
    const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
    for (const sender of ['ada', 'grace', 'ada', null]) await accept(open, { sender }, hook)
    const ids = async (filter: object) =>
      (await open.store.runs({ limit: 9, ...filter })).map((run) => run.id)
    expect(await ids({ sender: 'ada' })).toEqual([3, 1])
    expect(await ids({ sender: 'ad' })).toEqual([])
    const times = (await open.store.runs({ limit: 9 })).map(({ queuedAt }) => queuedAt)
    expect(await ids({ since: Math.min(...times) })).toEqual([4, 3, 2, 1])
    expect(await ids({ since: Math.max(...times) + 1 })).toEqual([])
    await open.begin(1)
    await open.finish(1, ended('failure'))
    await open.begin(2)
    await open.cancelWaiting(3, 'cancelled by ada')
    expect(await ids({ concluded: true })).toEqual([1])
  })

  describe('deliveries are found again', () => {
    const quiet = (hook: string): Verdict => ({ ...matched(hook), matched: false })

    async function aMixture(engine: Engine) {
      const open = await opened(engine)
      await accept(open, { repository: 'acme/site' }) // 1: deploy-site runs
      const [a, b] = [quiet('deploy-site'), quiet('docs')]
      const says = 'x is not "hook":"docs","run":1 \u0000'
      const odd = { rule: 'ref', result: 'fail', wanted: '', found: says, says } as const
      await open.store.accept(aDelivery({ updates: [aPush('x"y')] }), [{ ...a, checks: [odd] }], [])
      const hook = aHook({ name: 'docs' })
      const wanted = [{ hook, update: 0, inputs: {} }]
      await open.store.accept(aDelivery(), [{ ...a, checks: [odd] }, matched('docs')], wanted) // 3
      const unread = { problem: 'the body is not JSON', updates: [], endpoint: '/hooks/docs' }
      await open.store.accept(aDelivery(unread), [], []) // 4
      const tagged = { repository: 'acme/docs', event: 'create', updates: [aTag('v9')] }
      await open.store.accept(aDelivery({ ...tagged, receivedAt: 1000 }), [a, b], []) // 5
      return async (filter: object) =>
        (await open.store.deliveries({ limit: 9, ...filter })).map(({ id }) => id)
    }

    test('by the hook that they were held against, and by what came of them', async () => {
      const ids = await aMixture(engine)
      expect(await ids({ hook: 'docs' })).toEqual([5, 3])
      expect(await ids({ hook: 'docs', path: '/hooks/docs' })).toEqual([5, 4, 3])
      expect(await ids({ hook: 'doc' })).toEqual([])
      expect(await ids({ outcome: 'ran' })).toEqual([3, 1])
      expect(await ids({ outcome: 'nothing' })).toEqual([5, 2])
      expect(await ids({ outcome: 'problem' })).toEqual([4])
      expect(await ids({ hook: 'deploy-site', outcome: 'ran' })).toEqual([1])
      expect(await ids({ hook: 'deploy-site', outcome: 'nothing' })).toEqual([5, 3, 2])
      expect(await ids({ hook: 'docs', path: '/hooks/docs', outcome: 'nothing' })).toEqual([5])
      expect(await ids({ hook: 'docs', path: '/hooks/docs', outcome: 'problem' })).toEqual([4])
    })

    test('by event, repository, branch or tag, and when they came, within two numbers', async () => {
      const ids = await aMixture(engine)
      expect(await ids({ event: 'create' })).toEqual([5])
      expect(await ids({ event: 'tag' })).toEqual([5])
      expect(await ids({ repository: 'acme/docs' })).toEqual([5])
      expect(await ids({ refName: 'x"y' })).toEqual([2])
      expect(await ids({ refName: 'v9' })).toEqual([5])
      expect(await ids({ since: 1001 })).toEqual([4, 3, 2, 1])
      expect(await ids({ from: 2, before: 4 })).toEqual([3, 2])
      expect(await ids({ from: 2, outcome: 'ran' })).toEqual([3])
    })
  })
}
