import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { PieceWriter, type Rows } from '../../src/postgres/output-writer.ts'
import { CUT, placed } from '../../src/postgres/pieces.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { aDirectory } from '../some.ts'

/** `unanswered`: it was done, and nobody was told. */
type Outcome = 'done' | 'refused' | 'unanswered'

/** Rows that a database would hold, which does not always answer; they must be what was written at any time. */
function aTable(stream: Buffer, outcomes: readonly Outcome[]) {
  const rows = new Map<number, Uint8Array>()
  let asked = 0
  /** Noted, because who saves takes whatever is thrown for a failure of the database. */
  const wrong: string[] = []
  const ordered = () => [...rows].sort(([one], [other]) => one - other)
  const check = () => {
    let end = 0
    for (const [at, bytes] of ordered()) {
      if (at === CUT) continue
      if (at < end) wrong.push(`rows overlap at ${at}`)
      end = at + bytes.length
      if (!stream.subarray(at, end).equals(bytes)) wrong.push(`other bytes at ${at}`)
    }
  }
  const save = async ({ keep, put }: Rows) => {
    const outcome = outcomes[asked++] ?? 'done'
    for (const at of keep) if (!rows.has(at)) wrong.push(`no row to keep at ${at}`)
    if (outcome !== 'refused') {
      const stay = new Set([...keep, ...put.map(({ at }) => at)])
      for (const at of rows.keys()) if (!stay.has(at)) rows.delete(at)
      for (const { at, bytes } of put) rows.set(at, bytes)
      check()
    }
    if (outcome !== 'done') throw new Error(outcome)
  }
  const text = () => {
    const pieces = ordered().map(([at, { length }]) => ({ at, length }))
    const parts = placed(pieces).map(({ piece, line }) => line ?? rows.get(piece.at) ?? [])
    return Buffer.concat(parts.map((part) => Buffer.from(part)))
  }
  return { save, text, wrong }
}

const outcome = fc.constantFrom<Outcome>('done', 'refused', 'unanswered')
const step = fc.record({
  bytes: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 12_000 })),
  waitMs: fc.constantFrom(0, 0, 100, 300, 1500),
})

test('whatever a database does with its statements, rows and files hold the same in the end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const directory = aDirectory()
  let run = 0
  const limits = fc.record({
    head: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 20_000 })),
    tail: fc.oneof(fc.integer({ min: 100, max: 5000 }), fc.integer({ min: 100, max: 30_000 })),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.array(outcome, { maxLength: 25 }),
      limits,
      async (steps, outcomes, limits) => {
        const total = steps.reduce((sum, { bytes }) => sum + bytes, 0)
        const stream = Buffer.alloc(total)
        for (let at = 0; at < total; at++) stream[at] = at % 97 === 96 ? 10 : 48 + ((at >> 3) % 70)
        const table = aTable(stream, outcomes)
        const writer = new PieceWriter({ limits, closeMs: 60_000, save: table.save })
        const files = new FileOutputLog(join(directory, String(++run)), { limits })
        const file = files.open(1)
        let at = 0
        for (const { bytes, waitMs } of steps) {
          for (const one of [writer, file]) one.write(stream.subarray(at, at + bytes))
          at += bytes
          await vi.advanceTimersByTimeAsync(waitMs)
        }
        const closing = writer.close()
        await vi.advanceTimersByTimeAsync(59_000)
        const [rows, reference] = [await closing, await file.close()]
        expect(table.wrong).toEqual([])
        expect(table.text().toString()).toBe(Buffer.from(await files.read(1, 0, 1e6)).toString())
        const { place, ...counts } = rows
        expect({ ...reference, ...counts, place: 0 }).toEqual({ ...reference, place: 0 })
        for (let offset = 0; offset <= total; offset += 501)
          expect(place(offset)).toBe(reference.place(offset))
      },
    ),
    { numRuns: 300 },
  )
})

test('nothing is written for a run that prints nothing', async () => {
  const table = aTable(Buffer.alloc(0), [])
  const limits = { head: 10, tail: 10 }
  const save = vi.fn(table.save)
  const writer = new PieceWriter({ limits, closeMs: 1000, save })
  expect(await writer.close()).toMatchObject({ bytes: 0, cut: 0, problem: null })
  expect(save).not.toHaveBeenCalled()
})

test('a row that grew in a statement nobody answered does not stay beneath the next ones', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const stream = Buffer.from(Array.from({ length: 1200 }, (_, at) => 48 + ((at >> 3) % 70)))
  const table = aTable(stream, ['done', 'unanswered'])
  const limits = { head: 0, tail: 1000 }
  const writer = new PieceWriter({ limits, closeMs: 1000, save: table.save })
  for (const [from, to] of [
    [0, 500],
    [500, 900],
    [900, 1200],
  ] as const) {
    writer.write(stream.subarray(from, to))
    await vi.advanceTimersByTimeAsync(from === 0 ? 300 : 255)
  }
  expect(await writer.close()).toMatchObject({ cut: 200, problem: null })
  expect(table.wrong).toEqual([])
  expect(table.text().toString('latin1').endsWith(stream.toString('latin1', 200))).toBe(true)
})
