import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Delivery, Verdict } from '../../src/model/delivery.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { RunEnd, StepRecord } from '../../src/model/run.ts'
import { migrate } from '../../src/record/migrations.ts'
import { repeatQueries } from '../../src/record/repeats.ts'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import { aDelivery, aDirectory, aHook, aPush, aTag } from '../some.ts'

function aStore(directory = aDirectory()): SqliteStore {
  const store = openSqlite(directory)
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

const matched = (hook: string, update = 0): Verdict => {
  return { hook, update, matched: true, checks: [], run: null }
}

function accept(store: SqliteStore, delivery: Partial<Delivery> = {}, hook: Hook = aHook()) {
  const wanted = [{ hook, update: 0, inputs: {} }]
  return store.accept(aDelivery(delivery), [matched(hook.name)], wanted)
}

const ended = (status: RunEnd['status']): RunEnd => ({
  status,
  exitCode: status === 'success' ? 0 : 1,
  signal: null,
  reason: null,
  outputBytes: 5,
  outputCut: 0,
  steps: [],
})

const aDeliveryRow = `INSERT INTO deliveries (id, received_at, endpoint, host, guid, event, updates, proof,
  address, headers, verdicts, body) VALUES (1, 1, '/hooks/deploy-site', 'github', 'Same', 'push', '[]', 'p',
  '', '{}', '[]', x'7b7d')`

/** As a release wrote it whose schema had so many steps. */
function anOldDatabase(directory: string, schema: number): DatabaseSync {
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  onTestFinished(() => database.close())
  database.exec('PRAGMA journal_mode = WAL')
  migrate(database, schema)
  return database
}

async function runTo(store: SqliteStore, id: number, status: RunEnd['status']) {
  await store.begin(id, 'c0ffee000000')
  await store.finish(id, ended(status))
}

test('a delivery comes back as it was, byte for byte, with its verdicts and runs', async () => {
  const store = aStore()
  const body = Buffer.from([0, 255, 10, 123])
  const { delivery, queued } = await accept(store, { body })
  expect(queued).toMatchObject([{ id: 1, hook: 'deploy-site', refName: 'main', status: 'queued' }])
  const kept = await store.delivery(delivery.id)
  expect(Buffer.from(kept?.body ?? []).equals(body)).toBe(true)
  expect(kept?.verdicts).toMatchObject([{ hook: 'deploy-site', matched: true, run: 1 }])
  expect(await store.runs({ limit: 10 })).toEqual(queued)
})

test('everything is there again after a restart, and numbers go on', async () => {
  const directory = aDirectory()
  const first = aStore(directory)
  await accept(first)
  await first.close()
  const second = aStore(directory)
  expect(await second.unfinished()).toMatchObject([{ id: 1, status: 'queued' }])
  expect((await accept(second)).queued).toMatchObject([{ id: 2, deliveryId: 2 }])
  expect(second.token).toBe(first.token)
})

test('many deliveries at once are all kept, in order', async () => {
  const store = aStore()
  const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
  const all = await Promise.all(Array.from({ length: 500 }, () => accept(store, {}, hook)))
  expect(all.map(({ delivery }) => delivery.id)).toEqual(all.map((_, index) => index + 1))
  expect(await store.unfinished()).toHaveLength(500)
})

test('one bad delivery among many harms only itself', async () => {
  const store = aStore()
  const bad = { event: undefined } as unknown as Partial<Delivery>
  const results = await Promise.allSettled([accept(store), accept(store, bad), accept(store)])
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await store.deliveries({ limit: 10 })).toHaveLength(2)
})

describe('a delivery that comes again', () => {
  test.each(['queued', 'running', 'success'] as const)(
    'does not run while its run is %s',
    async (status) => {
      const store = aStore()
      const { queued } = await accept(store, { guid: 'same' })
      const id = queued[0]?.id ?? 0
      if (status === 'running') await store.begin(id, 'c')
      if (status === 'success') await runTo(store, id, status)
      const again = await accept(store, { guid: 'same' })
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
      const store = aStore()
      await accept(store, { guid: 'same' })
      await runTo(store, 1, status)
      expect((await accept(store, { guid: 'same' })).queued).toMatchObject([{ id: 2, attempt: 1 }])
      await runTo(store, 2, 'success')
      expect((await accept(store, { guid: 'same' })).queued).toEqual([])
    },
  )

  test('runs when it had started nothing before', async () => {
    const store = aStore()
    await store.accept(aDelivery({ guid: 'same' }), [], [])
    expect((await accept(store, { guid: 'same' })).queued).toHaveLength(1)
  })

  test.each([50, 1000])('%i at once start exactly one run', async (length) => {
    const store = aStore()
    const hook = aHook({ concurrency: { group: null, cancelInProgress: false, queue: 'max' } })
    const all = await Promise.all(
      Array.from({ length }, () => accept(store, { guid: 'same' }, hook)),
    )
    expect(all.flatMap((accepted) => accepted.queued)).toHaveLength(1)
    expect(all.filter(({ delivery }) => delivery.duplicateOf === 1)).toHaveLength(length - 1)
  })

  test('a thousand one after another start exactly one run, also after a restart', async () => {
    const directory = aDirectory()
    const first = aStore(directory)
    for (let i = 0; i < 500; i++) await accept(first, { guid: 'same', body: Buffer.from(`${i}`) })
    await first.close()
    const second = aStore(directory)
    for (let i = 0; i < 500; i++) await accept(second, { guid: 'same', body: Buffer.from(`-${i}`) })
    expect(await second.runs({ limit: 10 })).toHaveLength(1)
    expect((await second.deliveries({ duplicateOf: 1, limit: 1000 })).at(-1)?.id).toBe(2)
  })

  test.each(['72D3162E-CC78', ' 72d3162e-cc78', '72d3162e-cc78\t', '72d3162e -cc78'])(
    'is no new one because its id is written %j',
    async (guid) => {
      const store = aStore()
      await accept(store, { guid: '72d3162e-cc78' })
      const again = await accept(store, { guid })
      expect(again.queued).toEqual([])
      expect(again.delivery).toMatchObject({ guid, duplicateOf: 1 })
      expect(await store.delivery(2)).toMatchObject({ guid })
    },
  )

  test('may come months later', async () => {
    const store = aStore()
    await accept(store, { guid: 'same', receivedAt: Date.now() - 120 * 24 * 3600 * 1000 })
    expect((await accept(store, { guid: 'same' })).queued).toEqual([])
  })

  test('at another endpoint is another delivery', async () => {
    const store = aStore()
    await accept(store, { guid: 'same' })
    const other = await accept(store, { guid: 'same', endpoint: '/hooks/b' }, aHook({ name: 'b' }))
    expect(other.queued).toHaveLength(1)
  })

  test("at the host's shared endpoint does not start the same hook again", async () => {
    const store = aStore()
    const updates = [{ ...aPush(), event: 'release' }]
    await accept(store, { guid: 'same', updates })
    const shared = await accept(store, { guid: 'Same', updates, endpoint: '/github' })
    expect(shared.queued).toEqual([])
    expect(shared.delivery.duplicateOf).toBeNull()
    expect(shared.delivery.verdicts[0]?.checks).toEqual([
      {
        rule: 'duplicate',
        result: 'fail',
        wanted: 'new',
        found: '1',
        says: 'delivery 1 already started run #1 (queued)',
      },
    ])
  })

  test('of another host with the same id is another delivery', async () => {
    const store = aStore()
    await accept(store, { guid: 'same' })
    const other = { guid: 'same', endpoint: '/gitlab', host: 'gitlab' } as const
    expect((await accept(store, other)).queued).toHaveLength(1)
  })

  test('can be told by its original', async () => {
    const store = aStore()
    for (const guid of ['a', 'b', 'a', 'a']) await accept(store, { guid })
    const again = await store.deliveries({ duplicateOf: 1, limit: 10 })
    expect(again.map(({ id }) => id)).toEqual([4, 3])
  })

  test('that an older release kept is known again, whatever its case was', async () => {
    const directory = aDirectory()
    anOldDatabase(directory, 2).exec(aDeliveryRow)
    expect((await accept(aStore(directory), { guid: 'sAME' })).delivery.duplicateOf).toBe(1)
  })
})

test('steps that an older release kept say how they ended', async () => {
  const directory = aDirectory()
  anOldDatabase(directory, 3).exec(`${aDeliveryRow};
    INSERT INTO runs (id, delivery_id, hook, update_index, attempt, status, queued_at, config, event, inputs)
      VALUES (1, 1, 'a', 0, 1, 'timed_out', 1, 'c', 'push', '{}');
    INSERT INTO steps VALUES (1, 1, 'git pull', 1, 2, 0, NULL, 0, 3), (1, 2, 'make', 2, 3, NULL, 'SIGTERM', 3, 4)`)
  const store = aStore(directory)
  expect(await store.run(1)).toMatchObject({ status: 'timed_out', retry: null, notBefore: null })
  expect(await store.steps(1)).toMatchObject([
    { phase: 'run', name: null, title: 'git pull', status: 'success', reason: null },
    { phase: 'run', title: 'make', status: 'timed_out' },
  ])
})

describe('a delivery that a person sends through once more', () => {
  test('runs though it has run before, and refers to the original', async () => {
    const store = aStore()
    const body = Buffer.from('{"the":"same"}')
    const { delivery } = await accept(store, { guid: 'same', body })
    await runTo(store, 1, 'success')
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
    const { id: _, duplicateOf: __, verdicts: ___, ...again } = delivery
    const accepted = await store.accept(again, [matched('deploy-site')], wanted, delivery)
    expect(accepted.queued).toMatchObject([{ id: 2, deliveryId: 2 }])
    expect(accepted.delivery).toMatchObject({ duplicateOf: 1, verdicts: [{ run: 2 }] })
    const third = await store.accept(again, [matched('deploy-site')], wanted, accepted.delivery)
    expect(third.delivery).toMatchObject({ id: 3, duplicateOf: 1 })
  })

  test('counts when the host sends it again', async () => {
    const store = aStore()
    const { delivery } = await accept(store, { guid: 'same' })
    await runTo(store, 1, 'failure')
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
    await store.accept(delivery, [matched('deploy-site')], wanted, delivery)
    const again = await accept(store, { guid: 'same' })
    expect(again.delivery.verdicts[0]?.checks[0]?.says).toBe(
      'delivery 2 already started run #2 (queued)',
    )
  })
})

describe('a body that comes again under another id', () => {
  const body = Buffer.from('{"the":"same"}')

  test('is kept but not run, because it may be a replay', async () => {
    const store = aStore()
    await accept(store, { body })
    for (const guid of ['other', null]) {
      const again = await accept(store, { body, guid })
      expect(again.queued).toEqual([])
      expect(again.delivery.verdicts[0]?.checks[0]?.says).toBe(
        'replay suspected: the same body came as delivery 1 and started run #1 ("replay": "allow" permits it)',
      )
    }
  })

  test('stays held back however often it is sent again', async () => {
    const store = aStore()
    await accept(store, { body, guid: 'first' })
    for (let i = 0; i < 3; i++) {
      const again = await accept(store, { body, guid: 'second' })
      expect(again.queued).toEqual([])
      expect(again.delivery.verdicts[0]?.checks[0]?.rule).toBe('replay')
    }
  })

  test('is held back as another event too, for the name of the event is not signed', async () => {
    const store = aStore()
    await accept(store, { body })
    const star = { body, event: 'star', updates: [{ ...aPush(), event: 'star' }] }
    expect((await accept(store, star)).queued).toEqual([])
  })

  test('is held back as well for a tag of Gogs, which comes as "create"', async () => {
    const store = aStore()
    const tag = { host: 'gogs', body, updates: [{ ...aTag(), event: 'create' }] } as const
    expect((await accept(store, tag)).queued).toHaveLength(1)
    expect((await accept(store, tag)).queued).toEqual([])
  })

  test('is still refused after a restart', async () => {
    const directory = aDirectory()
    const first = aStore(directory)
    await accept(first, { body })
    await first.close()
    expect((await accept(aStore(directory), { body })).queued).toEqual([])
  })

  test('runs where the hook allows it, and for events that may honestly repeat', async () => {
    const store = aStore()
    await accept(store, { body })
    expect((await accept(store, { body }, aHook({ allowReplay: true }))).queued).toHaveLength(1)
    const event = 'repository_dispatch'
    const dispatch = { body: Buffer.from('{}'), event, updates: [{ ...aPush(), event }] }
    await accept(store, dispatch)
    expect((await accept(store, dispatch)).queued).toHaveLength(1)
  })
})

test('to know a repeat takes a look at an index, not at the history', async () => {
  const directory = aDirectory()
  await accept(aStore(directory))
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  for (const [name, sql] of Object.entries(repeatQueries)) {
    const values = [...sql.matchAll(/\?/g)].map(() => 'x')
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
    const first = String(plan[0]?.detail)
    expect(first, name).toMatch(/^SEARCH (d|deliveries) USING (COVERING )?INDEX deliveries_by_/)
  }
  database.close()
})

describe('the queue', () => {
  test('a newer push replaces the waiting one of its branch, and only that', async () => {
    const store = aStore()
    await accept(store)
    await accept(store, { updates: [aPush('other')] })
    await accept(store, {}, aHook({ name: 'second', concurrency: aHook().concurrency }))
    const newer = await accept(store)
    expect(newer.superseded).toEqual([1])
    expect(await store.run(1)).toMatchObject({ status: 'cancelled', reason: 'superseded by run 4' })
    expect((await store.unfinished()).map((run) => run.id)).toEqual([2, 3, 4])
  })

  test('a running one is not replaced', async () => {
    const store = aStore()
    await accept(store)
    await store.begin(1, 'c')
    expect(await accept(store)).toMatchObject({ superseded: [], cancel: [] })
  })

  test('a running one is to be ended where the hook says cancel-in-progress', async () => {
    const store = aStore()
    const concurrency = { group: 'g', cancelInProgress: true, queue: 'single' } as const
    await accept(store, {}, aHook({ concurrency }))
    await store.begin(1, 'c')
    expect((await accept(store, {}, aHook({ concurrency }))).cancel).toEqual([1])
  })

  test('with queue: max every run keeps its place', async () => {
    const store = aStore()
    const hook = aHook({ concurrency: { group: 'g', cancelInProgress: false, queue: 'max' } })
    for (const tag of ['v1', 'v2', 'v3']) await accept(store, { updates: [aTag(tag)] }, hook)
    expect((await store.unfinished()).map((run) => run.refName)).toEqual(['v1', 'v2', 'v3'])
  })

  test('the database itself refuses a second running run of one group', async () => {
    const store = aStore()
    await accept(store)
    await accept(store, { updates: [aPush('other')] })
    await store.begin(1, 'c')
    await expect(store.begin(2, 'c')).rejects.toThrow('UNIQUE constraint failed')
    await store.finish(1, ended('success'))
    expect(await store.begin(2, 'c')).toMatchObject({ run: { id: 2, status: 'running' } })
  })

  test('a run begins once', async () => {
    const store = aStore()
    await accept(store)
    const begun = await Promise.all([store.begin(1, 'c'), store.begin(1, 'c')])
    expect(begun.filter((value) => value !== null)).toHaveLength(1)
  })

  test('a waiting run can be cancelled, an ended one cannot', async () => {
    const store = aStore()
    await accept(store)
    expect(await store.cancelWaiting(1, 'cancelled by ada')).toBe(true)
    expect(await store.cancelWaiting(1, 'cancelled by ada')).toBe(false)
    expect(await store.run(1)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
  })

  test('a re-run is a new attempt for the same delivery', async () => {
    const store = aStore()
    await accept(store)
    await runTo(store, 1, 'failure')
    expect((await store.rerun(1, aHook())).queued).toMatchObject([
      { id: 2, deliveryId: 1, attempt: 2, refName: 'main' },
    ])
  })
})

test('the end of a run and its steps are seen at once', async () => {
  const store = aStore()
  await accept(store)
  await store.begin(1, 'c')
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
  void store.finish(1, { ...ended('success'), steps: [step] })
  expect(await store.run(1)).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 5 })
  expect(await store.steps(1)).toEqual([step])
})

test('lists are paged by number, newest first, and filtered', async () => {
  const store = aStore()
  const hooks = ['a', 'b'].map((name) => aHook({ name }))
  for (let i = 0; i < 3; i++) for (const hook of hooks) await accept(store, {}, hook)
  const ids = async (filter: object) =>
    (await store.runs({ limit: 3, ...filter })).map((run) => run.id)
  expect(await ids({})).toEqual([6, 5, 4])
  expect(await ids({ before: 4 })).toEqual([3, 2, 1])
  expect(await ids({ hook: 'a' })).toEqual([5, 3, 1])
  expect(await ids({ status: 'queued' })).toEqual([6, 5])
  expect(await ids({ deliveryId: 2 })).toEqual([2])
})

test('every file of the database is for its owner alone', async () => {
  const directory = aDirectory()
  await accept(aStore(directory))
  const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)
  expect(modes.length).toBeGreaterThan(2)
  expect(new Set(modes)).toEqual(new Set([0o600]))
})

describe('refuses to open', () => {
  test('a directory that another server uses', () => {
    const directory = aDirectory()
    aStore(directory)
    expect(() => openSqlite(directory)).toThrow(
      `Another runhook is using the data directory ${directory}.`,
    )
  })

  test('a database that a newer release wrote', async () => {
    const directory = aDirectory()
    await aStore(directory).close()
    const database = new DatabaseSync(join(directory, 'runhook.db'))
    const known = database.prepare('PRAGMA user_version').get()?.user_version
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openSqlite(directory)).toThrow(
      `The database is at schema 99, this release knows ${known}.`,
    )
  })

  test('a file in place of the directory', () => {
    const directory = '/proc/version'
    expect(() => openSqlite(directory)).toThrow(
      'The data directory /proc/version cannot be used: EEXIST',
    )
  })
})
