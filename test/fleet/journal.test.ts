import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Beginning, Journal } from '../../src/fleet/journal.ts'
import { aDirectory } from '../some.ts'

const options = { keepMs: 1000, now: () => 5000 }

const aRun = (id: number, fields: Partial<Beginning> = {}): Beginning => {
  const lane = { hook: 'site', refName: 'main', event: 'push', inputs: {} }
  return { id, ...lane, rollout: null, retry: null, ...fields }
}

function aJournal(text?: string) {
  const path = join(aDirectory(), 'begun')
  if (text !== undefined) writeFileSync(path, text)
  return { path, open: (more = {}) => new Journal(path, { ...options, ...more }) }
}

test('what was begun is known, also to the next process', () => {
  const { path, open } = aJournal()
  const journal = open()
  journal.begin(aRun(12))
  journal.begin(aRun(13))
  journal.ended(12)
  expect([journal.has(aRun(12)), journal.has(aRun(13)), journal.has(aRun(14))]).toEqual([
    true,
    true,
    false,
  ])
  expect(readFileSync(path, 'utf8')).toBe('+12 5000\n+13 5000\n=12\n')
  const next = open()
  expect([next.has(aRun(12)), next.has(aRun(13)), next.has(aRun(14))]).toEqual([true, true, false])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a run whose command was never started can begin again, one that has ended cannot', () => {
  const { open } = aJournal()
  const journal = open()
  journal.begin(aRun(12))
  journal.begin(aRun(13))
  journal.ended(13)
  const next = open()
  for (const id of [12, 13, 14]) next.forget(id)
  for (const one of [next, open()])
    expect([one.has(aRun(12)), one.has(aRun(13)), one.has(aRun(14))]).toEqual([false, true, false])
})

test('what is older than anybody may ask for is forgotten when it is opened', () => {
  const { path, open } = aJournal()
  const journal = open()
  journal.begin(aRun(12))
  open({ now: () => 5800 }).begin(aRun(13))
  const later = open({ now: () => 6001 })
  expect([later.has(aRun(12)), later.has(aRun(13))]).toEqual([false, true])
  expect(readFileSync(path, 'utf8')).toBe('+13 5800\n')
})

test('a line that a crash cut short is of a run that was not started', () => {
  const { path, open } = aJournal('+12 5000\n+13 50')
  const journal = open()
  expect([journal.has(aRun(12)), journal.has(aRun(13))]).toEqual([true, false])
  journal.begin(aRun(14))
  expect(readFileSync(path, 'utf8')).toBe('+12 5000\n+14 5000\n')
})

test('a file that somebody else has written in proves nothing, and nothing is run', () => {
  const { path, open } = aJournal('+12 5000\n')
  appendFileSync(path, 'gone\n')
  expect(() => open()).toThrow(`${path} cannot be read: line 2 is not runhook's.`)
})

test('a retry is known by its first attempt, whatever number it gets', () => {
  const { path, open } = aJournal()
  const journal = open()
  const retry = { first: 12, number: 1 }
  journal.begin(aRun(13, { retry }))
  expect(readFileSync(path, 'utf8')).toBe('+13 5000 12.1\n')
  for (const one of [journal, open()]) {
    expect(one.has(aRun(50, { retry }))).toBe(true)
    expect(one.has(aRun(50, { retry: { first: 12, number: 2 } }))).toBe(false)
    expect(one.has(aRun(50, { retry: { number: 1 } }))).toBe(false)
  }
  const next = open()
  next.forget(13)
  expect(next.has(aRun(50, { retry }))).toBe(false)
})

test('the newest rollout of a hook, ref, event and inputs is never forgotten', () => {
  const { path, open } = aJournal()
  const journal = open()
  for (const rollout of [12, 20, 15]) journal.begin(aRun(rollout + 1, { rollout }))
  journal.begin(aRun(30, { hook: 'blog-2', rollout: 30 }))
  for (const one of [journal, open(), open({ now: () => 9000 })]) {
    expect([19, 20, 21].map((id) => one.hasRollout(aRun(1), id))).toEqual([true, true, false])
    expect(one.hasRollout(aRun(1, { hook: 'blog-2' }), 30)).toBe(true)
    const others = [
      { hook: 'other' },
      { refName: 'staging' },
      { event: 'manual' },
      { inputs: { what: 'x' } },
    ]
    for (const other of others) expect(one.hasRollout(aRun(1, other), 1)).toBe(false)
  }
  expect(readFileSync(path, 'utf8')).toMatch(/^\^20 site [0-9a-f]{12}\n\^30 blog-2 [0-9a-f]{12}\n$/)
})
