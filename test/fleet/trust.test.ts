import { describe, expect, test } from 'vitest'
import { mayRun, Trust, wrongValue } from '../../src/fleet/trust.ts'
import type { WorkerSettings } from '../../src/model/config.ts'
import type { Run } from '../../src/model/run.ts'
import type { Input } from '../../src/model/url.ts'
import { deliveryDigest, type Sealed, sealFields, sealOf } from '../../src/postgres/seal.ts'
import type { Begun } from '../../src/record/store.ts'
import { aRun as someRun } from '../run/runs.ts'
import { aDelivery, aDirectory, aHook, aPush, aTag, SECRET, sha } from '../some.ts'

const DAY = 86_400_000
const settings: WorkerSettings = {
  name: 'db-1',
  labels: ['db'],
  leaseMs: 30_000,
  allow: null,
  sealKeys: null,
}
const hook = aHook({ name: 'blog' })

function aRun(fields: Partial<Run> = {}): Run {
  const ids = { id: 12, deliveryId: 7, hook: 'blog', sha: sha('a') }
  return someRun({ ...ids, queuedAt: 10 * DAY, worker: 'db-1', ...fields })
}

const stored = {
  ...aDelivery({ guid: 'g', receivedAt: 5 }),
  ...{ id: 7, duplicateOf: null, bodyRemovedAt: null, answer: null, verdicts: [] },
}

function begun(fields: Partial<Begun> = {}): Begun {
  return { run: aRun(), delivery: stored, lastSuccess: null, ...fields }
}

describe('a worker runs', () => {
  const named = (allow: WorkerSettings['allow']) => mayRun(hook, aRun(), { ...settings, allow })

  test('whatever its hooks file has, when nothing else is said', () => {
    expect(named(null)).toBeNull()
    expect(mayRun(undefined, aRun(), settings)).toBe(
      'worker db-1 has no hook "blog" in its hooks file',
    )
  })

  test('only hooks that it allows', () => {
    expect(named(new Map([['blog', 'any']]))).toBeNull()
    const reason =
      'worker db-1 does not run "blog": it is not in its "allow" list; add it there if it should'
    expect(named(new Map([['df', 'any']]))).toBe(reason)
    expect(named(new Map())).toBe(reason)
  })

  test('and those only as they were when they were allowed', () => {
    const { commandHash } = hook
    expect(named(new Map([['blog', ['0'.repeat(64), commandHash]]]))).toBeNull()
    const reason = `worker db-1 does not run "blog" as its hooks file has it: "allow" does not list the hash ${commandHash}; see runhook check --hashes`
    expect(named(new Map([['blog', ['0'.repeat(64)]]]))).toBe(reason)
    expect(named(new Map([['blog', []]]))).toBe(reason)
    expect(named(new Map([['blog', [commandHash.slice(0, 12)]]]))).toBe(reason)
  })
})

describe('a value that no receiver would have let through', () => {
  const scope: Input = {
    name: 'scope',
    type: 'choice',
    description: null,
    required: true,
    default: 'some',
    options: ['all', 'some'],
    maxLength: 100,
  }
  const count: Input = { ...scope, name: 'count', type: 'number', options: null, default: null }
  const asking = aHook({ name: 'blog', inputs: [scope, count] })

  test.each([
    [{}, null],
    [{ scope: '', count: '' }, null],
    [{ scope: 'all', count: '5' }, null],
    [{ scope: 'all', unknown: '$(id)' }, null],
    [{ scope: '$(id)' }, 'input "scope" must be one of all, some'],
    [{ count: 'a[$(id)]' }, 'input "count" must be a whole number: digits only, at most 15'],
    [{ count: '5'.repeat(101) }, 'input "count" is longer than 100 characters'],
  ])('of an input: %j', (inputs, problem) => {
    expect(wrongValue(asking, begun({ run: aRun({ inputs }) }))).toBe(problem)
  })

  const unusual =
    'its branch or tag has a name that no server lets through ("allow-unusual-refs" is off)'
  const long = 'x'.repeat(200)

  test.each([
    [aPush('main'), null],
    [aPush(long, { ref: `refs/heads/${long}` }), null],
    [aTag('v1.2.3'), null],
    [aPush('$(id)', { ref: 'refs/heads/main' }), unusual],
    [aPush('main', { ref: 'refs/heads/$(id)' }), unusual],
    [aPush('main', { tag: '--output=x' }), unusual],
    [aPush('main', { baseBranch: ';id' }), unusual],
  ])('of a branch or tag: %j', (update, problem) => {
    const found = begun({ delivery: { ...stored, updates: [update] } })
    expect(wrongValue(hook, found)).toBe(problem)
    expect(wrongValue(aHook({ allowUnusualRefs: true }), found)).toBeNull()
  })

  const noCommit = 'what it says of a commit is no commit id'

  test('of a commit', () => {
    const updated = (fields: Parameters<typeof aPush>[1]) =>
      begun({ delivery: { ...stored, updates: [aPush('main', fields)] } })
    expect(wrongValue(hook, begun({ lastSuccess: sha('b') }))).toBeNull()
    expect(wrongValue(hook, begun({ lastSuccess: '--output=/etc/passwd' }))).toBe(noCommit)
    expect(wrongValue(hook, updated({ sha: '$(id)' }))).toBe(noCommit)
    expect(wrongValue(hook, updated({ before: '-x' }))).toBe(noCommit)
    expect(wrongValue(hook, updated({ sha: null, before: null }))).toBeNull()
    expect(wrongValue(hook, begun({ run: aRun({ sha: '-x' }) }))).toBe(noCommit)
  })
})

describe('a worker with a key', () => {
  const keys = [
    { name: 'SEAL', value: SECRET },
    { name: 'OLD', value: `old ${SECRET}` },
  ]
  const sealing = { ...settings, sealKeys: keys }

  function aTrust(given: WorkerSettings = sealing, data = aDirectory()) {
    let now = 10 * DAY
    const open = () => new Trust({ settings: () => given, data, now: () => now })
    return { trust: open(), open, later: (ms: number) => (now += ms) }
  }

  function sealed(key = keys[0], place: Partial<Sealed> = {}, found = begun()) {
    const where = { label: 'db', pin: null, ...place }
    const fields = sealFields(found.run, where, deliveryDigest(found.delivery))
    return { ...found, sealed: { ...where, seal: key ? sealOf(fields, key) : null } }
  }

  const because = (problem: string) => `worker db-1 does not run it: ${problem}`
  const unfit = because(
    'its seal does not fit: it was sealed with another key, or changed in the database since',
  )

  test('runs what was sealed with one of its keys, and nothing else', () => {
    const { trust } = aTrust()
    expect(trust.refusal(hook, sealed())).toBeNull()
    expect(trust.refusal(hook, sealed(keys[1]))).toBeNull()
    expect(trust.refusal(hook, sealed({ name: 'x', value: `no ${SECRET}` }))).toBe(unfit)
    const { seal } = sealed().sealed
    const unsealed = { ...begun(), sealed: { label: 'db', pin: null, seal: null } }
    expect(trust.refusal(hook, unsealed)).toBe(
      because(
        'it is not sealed: it comes from a server without "seal", or from nobody who may start runs',
      ),
    )
    const body = { ...stored, body: Buffer.from('{"other":1}') }
    const changed = { ...begun({ delivery: body }), sealed: { label: 'db', pin: null, seal } }
    expect(trust.refusal(hook, changed)).toBe(unfit)
  })

  test('without a key asks for no seal, and still for the rest', () => {
    const { trust } = aTrust(settings)
    const unsealed = { ...begun(), sealed: { label: 'web', pin: null, seal: null } }
    expect(trust.refusal(hook, unsealed)).toBeNull()
    expect(trust.refusal(undefined, unsealed)).toBe(
      'worker db-1 has no hook "blog" in its hooks file',
    )
    const odd = { ...unsealed, lastSuccess: '-x' }
    expect(trust.refusal(hook, odd)).toBe(because('what it says of a commit is no commit id'))
  })

  test('does not run what is for another worker, or for another label', () => {
    const { trust } = aTrust()
    const run = aRun({ rollout: 12 })
    expect(trust.refusal(hook, sealed(keys[0], { pin: 'db-1' }, begun({ run })))).toBeNull()
    expect(trust.refusal(hook, sealed(keys[0], { pin: 'db-2' }, begun({ run })))).toBe(
      because('it is sealed for worker db-2'),
    )
    expect(trust.refusal(hook, sealed(keys[0], { label: 'web' }))).toBe(
      because('it is sealed for workers with the label "web", which this one has not'),
    )
  })

  test('runs no run twice, also not after a restart', () => {
    const { trust, open } = aTrust()
    const found = sealed()
    trust.begins(found.run)
    const again = because('it has begun that very run before')
    expect(trust.refusal(hook, found)).toBe(again)
    trust.ended(found.run.id)
    expect(trust.refusal(hook, found)).toBe(again)
    const next = open()
    next.neverStarted(found.run.id) // as a database may claim that was written to by a stranger
    expect(next.refusal(hook, found)).toBe(again)
  })

  test('runs one again whose command a crash kept from starting', () => {
    const { trust, open } = aTrust()
    const found = sealed()
    trust.begins(found.run)
    const next = open()
    next.neverStarted(found.run.id)
    expect(next.refusal(hook, found)).toBeNull()
  })

  test('runs nothing that was sealed long ago, and remembers for longer than that', () => {
    const { trust, open, later } = aTrust()
    const found = sealed()
    const newer = sealed(keys[0], {}, begun({ run: aRun({ id: 13, queuedAt: 10 * DAY }) }))
    trust.begins(newer.run)
    later(7 * DAY)
    expect(trust.refusal(hook, found)).toBeNull()
    expect(open().refusal(hook, newer)).toBe(because('it has begun that very run before'))
    later(1)
    expect(trust.refusal(hook, found)).toBe(
      because('it was sealed 7 days ago, and a seal is good for 7'),
    )
  })

  test('runs no retry twice that was written down twice, nor one of what is long over', () => {
    const { trust, later } = aTrust()
    const retry = { run: 12, number: 1, times: 3, interruptions: 0, first: 12, since: 10 * DAY }
    const one = begun({ run: aRun({ id: 13, retry }) })
    expect(trust.refusal(hook, sealed(keys[0], {}, one))).toBeNull()
    trust.begins(one.run)
    const again = begun({ run: aRun({ id: 50, retry }) })
    expect(() => trust.begins(again.run)).toThrow('it has begun that very run before')
    expect(trust.refusal(hook, sealed(keys[0], {}, again))).toBe(
      because('it has begun that very run before'),
    )
    later(7 * DAY + 1)
    const next = begun({
      run: aRun({ id: 51, queuedAt: 17 * DAY, retry: { ...retry, number: 2 } }),
    })
    expect(trust.refusal(hook, sealed(keys[0], {}, next))).toBe(
      because('it was sealed 7 days ago, and a seal is good for 7'),
    )
  })

  test('misses no rollout that is older than one that it has begun', () => {
    const { trust, open } = aTrust()
    trust.begins(aRun({ id: 21, rollout: 20 }))
    expect([19, 20, 21].map((id) => trust.mayMiss(aRun(), id))).toEqual([false, false, true])
    expect(open().mayMiss(aRun(), 20)).toBe(false)
    const unsealed = aTrust(settings).trust
    unsealed.begins(aRun({ id: 21, rollout: 20 }))
    expect(unsealed.mayMiss(aRun(), 20)).toBe(true)
  })
})
