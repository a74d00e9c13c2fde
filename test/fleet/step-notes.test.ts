import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StepNotes } from '../../src/fleet/step-notes.ts'
import { aStep } from '../show/world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const begun = (number: number) => aStep({ number, status: null, finishedAt: null, outputTo: null })
const ended = (number: number) => aStep({ number })

/** `noted`: "1 begins", "1 ended", as the database was told. */
function someNotes() {
  const database = { noted: [] as string[], away: false }
  const notes = new StepNotes(async ({ number, finishedAt }) => {
    if (database.away) throw new Error('The database is away.')
    database.noted.push(`${number} ${finishedAt === null ? 'begins' : 'ended'}`)
  })
  return { notes, database }
}

test('of a run that is over within a moment nothing is told, and its output does not wait', async () => {
  const { notes, database } = someNotes()
  notes.add(begun(1))
  notes.add(ended(1))
  notes.add(begun(2))
  await notes.told()
  await notes.close()
  await vi.advanceTimersByTimeAsync(1000)
  expect(database.noted).toEqual([])
})

test('a step is told after a moment, and at once when its output is about to be stored', async () => {
  const { notes, database } = someNotes()
  notes.add(begun(1))
  await vi.advanceTimersByTimeAsync(100)
  expect(database.noted).toEqual(['1 begins'])
  notes.add(ended(1))
  notes.add(begun(2))
  await notes.told()
  expect(database.noted).toEqual(['1 begins', '1 ended', '2 begins'])
})

test('the end of a step that is known holds no output up', async () => {
  const { notes, database } = someNotes()
  notes.add(begun(1))
  await vi.advanceTimersByTimeAsync(100)
  notes.add(ended(1))
  await notes.told()
  expect(database.noted).toEqual(['1 begins'])
})

test('output waits while its step cannot be told, which is tried again', async () => {
  const { notes, database } = someNotes()
  notes.add(begun(1))
  await vi.advanceTimersByTimeAsync(100)
  database.away = true
  notes.add(begun(2))
  await expect(notes.told()).rejects.toThrow('could not be noted')
  database.away = false
  await vi.advanceTimersByTimeAsync(100)
  expect(database.noted).toEqual(['1 begins', '2 begins'])
  await notes.told()
})
