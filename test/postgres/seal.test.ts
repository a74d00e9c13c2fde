import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Delivery } from '../../src/model/delivery.ts'
import {
  checkSeal,
  deliveryDigest,
  SEAL_AGE_MS,
  type SealFields,
  sealAge,
  sealedOf,
  sealedText,
  sealFields,
  sealOf,
} from '../../src/postgres/seal.ts'
import { aDelivery, aPush, SECRET, sha } from '../some.ts'

const key = { name: 'SEAL', value: SECRET }
const other = { name: 'OLD', value: `old ${SECRET}` }

const fields: SealFields = {
  id: 12,
  deliveryId: 7,
  hook: 'blog',
  update: 0,
  group: 'blog',
  attempt: 1,
  retry: null,
  queuedAt: 1_767_225_600_000,
  rollout: null,
  event: 'push',
  refName: 'main',
  sha: sha('a'),
  sender: 'ada',
  inputs: { scope: 'all' },
  label: 'web',
  pin: null,
  delivery: '0'.repeat(64),
}

test('a seal fits what it was made of, by any of the keys', () => {
  const seal = sealOf(fields, key)
  expect(seal).toHaveLength(32)
  expect(checkSeal(fields, seal, [key])).toBeNull()
  expect(checkSeal({ ...fields }, Buffer.from(seal), [other, key])).toBeNull()
})

const unfit =
  'its seal does not fit: it was sealed with another key, or changed in the database since'

test('a seal of another key, a part of one, and none do not fit', () => {
  const seal = sealOf(fields, key)
  expect(checkSeal(fields, sealOf(fields, other), [key])).toBe(unfit)
  expect(checkSeal(fields, seal, [])).toBe(unfit)
  expect(checkSeal(fields, seal.subarray(0, 31), [key])).toBe(unfit)
  expect(checkSeal(fields, new Uint8Array(), [key])).toBe(unfit)
  expect(checkSeal(fields, null, [key])).toBe(
    'it is not sealed: it comes from a server without "seal", or from nobody who may start runs',
  )
})

const changes: { [field in keyof SealFields]: SealFields[field] } = {
  id: 13,
  deliveryId: 8,
  hook: 'deploy',
  update: 1,
  group: null,
  attempt: 2,
  retry: { run: 11, number: 1, times: 3, interruptions: 0 },
  queuedAt: fields.queuedAt + 1,
  rollout: 12,
  event: 'manual',
  refName: 'evil',
  sha: sha('b'),
  sender: null,
  inputs: { scope: 'all', more: '' },
  label: 'db',
  pin: 'web-1',
  delivery: '1'.repeat(64),
}

test.each(Object.entries(changes))('a change of %s is seen', (field, value) => {
  const changed = { ...fields, [field]: value }
  expect(checkSeal(changed, sealOf(fields, key), [key])).toBe(unfit)
})

test('what a run goes through changes nothing of its seal', () => {
  const place = { label: 'web', pin: null }
  const run = { ...fields, status: 'queued', startedAt: null, config: 'a', worker: null }
  const begun = { ...run, status: 'running', startedAt: 5, config: 'b', worker: 'web-1' }
  const seal = sealOf(sealFields(run, place, fields.delivery), key)
  expect(checkSeal(sealFields(begun, place, fields.delivery), seal, [key])).toBeNull()
  expect(checkSeal(fields, seal, [key])).toBeNull()
})

const text = fc.string({ unit: 'grapheme-composite' })
const nullable = fc.option(text, { nil: null })
const anyFields: fc.Arbitrary<SealFields> = fc.record({
  id: fc.nat(),
  deliveryId: fc.nat(),
  hook: text,
  update: fc.nat(5),
  group: nullable,
  attempt: fc.nat(5),
  retry: fc.option(
    fc.record({ run: fc.nat(), number: fc.nat(3), times: fc.nat(3), interruptions: fc.nat(3) }),
    { nil: null },
  ),
  queuedAt: fc.nat(),
  rollout: fc.option(fc.nat(), { nil: null }),
  event: text,
  refName: nullable,
  sha: nullable,
  sender: nullable,
  inputs: fc.dictionary(text, text),
  label: text,
  pin: nullable,
  delivery: text,
})

test('no two sets of fields have the same bytes: they can be read back', () => {
  fc.assert(
    fc.property(anyFields, (some) => {
      const bytes = sealedText(some)
      const [first = '', rest = ''] = [bytes.slice(0, 14), bytes.slice(14)]
      expect(first).toBe('runhook run 1\n')
      expect(JSON.parse(rest)).toEqual(JSON.parse(JSON.stringify(some)))
    }),
    { numRuns: 1000 },
  )
})

test('what moves from one field to the next is another text', () => {
  const near = fc.constantFrom('', '"', ',', ':', '{', '}', '\\', 'null', '"event":', '\n')
  const moved = fc.property(near, near, near, (a, b, c) => {
    const one = { ...fields, event: a + b, refName: c }
    const two = { ...fields, event: a, refName: b + c }
    expect(sealedText(one) === sealedText(two)).toBe(b === '')
  })
  fc.assert(moved)
})

test('what PostgreSQL cannot keep is sealed as it comes back', () => {
  const sent = { ...fields, sender: 'a\0b\ud800' }
  const stored = { ...fields, sender: 'a\ufffdb\ufffd' }
  expect(checkSeal(stored, sealOf(sent, key), [key])).toBeNull()
})

test('a delivery is sealed with all that a command is told of it', () => {
  const delivery = aDelivery({ guid: 'g', receivedAt: 5 })
  const digest = deliveryDigest(delivery)
  const changed: { [field in keyof Delivery]: Delivery[field] } = {
    receivedAt: 6,
    endpoint: '/x',
    host: 'gitea',
    guid: null,
    event: 'tag',
    action: 'opened',
    repository: 'acme/other',
    defaultBranch: null,
    sender: 'eve',
    updates: [aPush('evil')],
    proof: 'none',
    address: '::1',
    headers: { 'x-github-event': 'pull_request' },
    body: Buffer.from('{}'),
    problem: 'x',
  }
  const digests = Object.entries(changed).map(([field, value]) =>
    deliveryDigest({ ...delivery, [field]: value }),
  )
  expect(new Set([digest, ...digests]).size).toBe(digests.length + 1)
  const stored = {
    ...delivery,
    id: 7,
    duplicateOf: null,
    bodyRemovedAt: null,
    answer: null,
    verdicts: [],
  }
  expect(deliveryDigest({ ...stored, body: new Uint8Array(delivery.body) })).toBe(digest)
})

test('a seal is good for a week', () => {
  const queuedAt = fields.queuedAt
  expect(sealAge({ queuedAt, retry: null }, queuedAt - 60_000)).toBeNull()
  expect(sealAge({ queuedAt, retry: null }, queuedAt + SEAL_AGE_MS)).toBeNull()
  expect(sealAge({ queuedAt, retry: null }, queuedAt + SEAL_AGE_MS + 1)).toBe(
    'it was sealed 7 days ago, and a seal is good for 7',
  )
})

test('of a row only the worker of a rollout is what it was sealed for', () => {
  const row = { label: 'web', worker: 'web-1', rollout: null, seal: null }
  expect(sealedOf(row)).toEqual({ label: 'web', pin: null, seal: null })
  const seal = Buffer.from([1])
  expect(sealedOf({ ...row, rollout: 9, seal })).toEqual({ label: 'web', pin: 'web-1', seal })
})
