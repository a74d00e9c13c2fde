import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Journal } from '../../src/fleet/journal.ts'
import { aDirectory } from '../some.ts'

const options = { keepMs: 1000, now: () => 5000 }

function aJournal(text?: string) {
  const path = join(aDirectory(), 'begun')
  if (text !== undefined) writeFileSync(path, text)
  return { path, open: (more = {}) => new Journal(path, { ...options, ...more }) }
}

test('what was begun is known, also to the next process', () => {
  const { path, open } = aJournal()
  const journal = open()
  journal.begin(12)
  journal.begin(13)
  journal.ended(12)
  expect([journal.has(12), journal.has(13), journal.has(14)]).toEqual([true, true, false])
  expect(readFileSync(path, 'utf8')).toBe('+12 5000\n+13 5000\n=12\n')
  const next = open()
  expect([next.has(12), next.has(13), next.has(14)]).toEqual([true, true, false])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a run whose command was never started can begin again, one that has ended cannot', () => {
  const { open } = aJournal()
  const journal = open()
  journal.begin(12)
  journal.begin(13)
  journal.ended(13)
  const next = open()
  for (const id of [12, 13, 14]) next.forget(id)
  for (const one of [next, open()])
    expect([one.has(12), one.has(13), one.has(14)]).toEqual([false, true, false])
})

test('what is older than anybody may ask for is forgotten when it is opened', () => {
  const { path, open } = aJournal()
  const journal = open()
  journal.begin(12)
  open({ now: () => 5800 }).begin(13)
  const later = open({ now: () => 6001 })
  expect([later.has(12), later.has(13)]).toEqual([false, true])
  expect(readFileSync(path, 'utf8')).toBe('+13 5800\n')
})

test('a line that a crash cut short is of a run that was not started', () => {
  const { path, open } = aJournal('+12 5000\n+13 50')
  const journal = open()
  expect([journal.has(12), journal.has(13)]).toEqual([true, false])
  journal.begin(14)
  expect(readFileSync(path, 'utf8')).toBe('+12 5000\n+14 5000\n')
})

test('a file that somebody else has written in proves nothing, and nothing is run', () => {
  const { path, open } = aJournal('+12 5000\n')
  appendFileSync(path, 'gone\n')
  expect(() => open()).toThrow(`${path} cannot be read: line 2 is not runhook's.`)
})
