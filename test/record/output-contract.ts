/** What every output log does, whatever it keeps outputs in. */

import fc from 'fast-check'
import { expect, type test } from 'vitest'
import type { OutputLog } from '../../src/record/output-log.ts'
import { Redactor } from '../../src/record/redact.ts'
import type { Limits } from '../../src/record/writer.ts'
import { until } from '../some.ts'

export interface LogOptions {
  readonly limits?: Limits
  readonly redactor?: () => Redactor | null
}

/** A log, and runs that go on until they are ended. */
export interface LogOnTrial {
  readonly log: OutputLog
  begin(runId: number): Promise<void>
  /** After its writer was closed. */
  end(runId: number): Promise<void>
}

export interface OutputContract {
  readonly on: string
  readonly test: typeof test | typeof test.skip
  /** A place for logs, which keep outputs of the same runs there. */
  readonly open: () => Promise<(options?: LogOptions) => LogOnTrial>
  /** How many examples it has time for. */
  readonly examples: number
}

export async function stored(log: OutputLog, id: number): Promise<string> {
  return Buffer.from(await log.read(id, 0, Number.MAX_SAFE_INTEGER)).toString()
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all).toString()
}

export async function writeAll(
  { log, begin, end }: LogOnTrial,
  id: number,
  chunks: readonly (string | Uint8Array)[],
) {
  await begin(id)
  const writer = log.open(id)
  for (const chunk of chunks) writer.write(Buffer.from(chunk))
  const closed = await writer.close()
  await end(id)
  return closed
}

const textOf = ({ value }: IteratorResult<Uint8Array>) => Buffer.from(value ?? '').toString()
const MARKER =
  /^\[runhook: ([\d,]+) bytes cut here; the first 1 MiB and the last 3 MiB are kept\]$/m

export function outputContract({ on, test, open, examples }: OutputContract): void {
  const aLog = async (options?: LogOptions) => (await open())(options)

  test(`${on}: what a run wrote is read back, from any offset, and nothing is cut`, async () => {
    const trial = await aLog()
    const closed = await writeAll(trial, 7, ['one\n', 'two\n', 'three\n'])
    expect(closed).toMatchObject({ bytes: 14, cut: 0, problem: null })
    expect(await stored(trial.log, 7)).toBe('one\ntwo\nthree\n')
    expect(await trial.log.size(7)).toBe(14)
    expect(Buffer.from(await trial.log.read(7, 4, 3)).toString()).toBe('two')
    expect(await trial.log.read(7, 99, 5)).toHaveLength(0)
  })

  test(`${on}: a run that nobody knows has no output, and is followed to its end at once`, async () => {
    const { log } = await aLog()
    expect(await log.read(1, 0, 10)).toHaveLength(0)
    expect(await log.size(1)).toBe(0)
    expect(await collect(log.follow(1, 0))).toBe('')
  })

  test(`${on}: of a long output the head and the tail are kept around a line that says what was cut`, async () => {
    const trial = await aLog()
    await trial.begin(1)
    const writer = trial.log.open(1)
    const line = `${'x'.repeat(99)}\n`
    const block = Buffer.from(line.repeat(1000))
    for (let left = 1000; left > 0; left -= 1) {
      writer.write(block)
      if (left % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(writer.written).toBe(100_000_000)
    const { bytes, cut, problem, place } = await writer.close()
    await trial.end(1)
    const text = await stored(trial.log, 1)
    expect(text).toMatch(MARKER)
    expect({ bytes, problem }).toEqual({ bytes: 100_000_000, problem: null })
    expect(cut.toLocaleString('en-US')).toBe(MARKER.exec(text)?.[1])
    const [head = '', tail = ''] = text.split(/\n?\[runhook:.*\]\n/)
    expect(head).toHaveLength(2 ** 20)
    expect(head.length + tail.length + cut).toBe(bytes)
    expect(tail.startsWith(line)).toBe(true)
    expect(place(bytes)).toBe(text.length)
    expect(await trial.log.size(1)).toBe(text.length)
    expect(await collect(trial.log.follow(1, 0))).toBe(text)
  })

  test(`${on}: an output of exactly head and tail is whole`, async () => {
    const trial = await aLog({ limits: { head: 4, tail: 6 } })
    expect(await writeAll(trial, 1, ['abcd', 'efghij'])).toMatchObject({ bytes: 10, cut: 0 })
    expect(await stored(trial.log, 1)).toBe('abcdefghij')
  })

  test(`${on}: neither cut splits a character, and offsets of the stream find their place`, async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\n'), maxLength: 200 })
    const sizes = fc.record({
      head: fc.integer({ min: 0, max: 40 }),
      tail: fc.integer({ min: 8, max: 40 }),
    })
    const size = fc.integer({ min: 1, max: 30 })
    const logOf = await open()
    let run = 0
    await fc.assert(
      fc.asyncProperty(text, sizes, size, async (text, limits, size) => {
        const trial = logOf({ limits })
        const all = Buffer.from(text)
        const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
          all.subarray(index * size, (index + 1) * size),
        )
        const { bytes, cut, place } = await writeAll(trial, ++run, chunks)
        const file = await trial.log.read(run, 0, 1e6)
        new TextDecoder('utf-8', { fatal: true }).decode(file)
        expect(bytes).toBe(all.length)
        const marker = /\n?\[runhook: .*\]\n/.exec(Buffer.from(file).toString('latin1'))
        const tail = marker ? file.length - marker.index - marker[0].length : 0
        const head = all.length - cut - tail
        expect(Buffer.from(file.subarray(0, head))).toEqual(all.subarray(0, head))
        expect(Buffer.from(file.subarray(file.length - tail))).toEqual(all.subarray(head + cut))
        for (let at = 0; at <= all.length; at += 1) {
          const tailward = file.length - (all.length - at)
          expect(place(at)).toBe(at >= head + cut ? tailward : Math.min(at, head))
        }
      }),
      { numRuns: examples },
    )
  })

  test(`${on}: bytes that are no text at all are kept as they are`, async () => {
    const trial = await aLog()
    const bytes = Uint8Array.from({ length: 1024 }, (_, index) => index % 256)
    await writeAll(trial, 1, [bytes])
    expect(Buffer.from(await trial.log.read(1, 0, 2000))).toEqual(Buffer.from(bytes))
  })

  test(`${on}: a follower gets what is stored, then what comes, and the end`, async () => {
    const { log, begin, end } = await aLog()
    await begin(1)
    const writer = log.open(1)
    writer.write(Buffer.from('first '))
    const followed = collect(log.follow(1, 0))
    for (const word of ['second ', 'third ', 'last']) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      writer.write(Buffer.from(word))
    }
    await writer.close()
    await end(1)
    expect(await followed).toBe('first second third last')
    expect(await collect(log.follow(1, 6))).toBe('second third last')
  })

  test(`${on}: any number of followers see every byte once, however the output comes`, async () => {
    const { log, begin, end } = await aLog({ limits: { head: 1000, tail: 100_000 } })
    await begin(1)
    const writer = log.open(1)
    const followers = Array.from({ length: 5 }, (_, index) => collect(log.follow(1, index * 100)))
    let all = ''
    for (let number = 0; number < 2000; number += 1) {
      const line = `${number} ${'.'.repeat(number % 40)}\n`
      all += line
      writer.write(Buffer.from(line))
      if (number % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await writer.close()
    await end(1)
    for (const [index, text] of (await Promise.all(followers)).entries())
      expect(text).toBe(all.slice(index * 100))
  })

  test(`${on}: a follower of a run whose middle is being cut is told so, and goes on with the newest`, async () => {
    const { log, begin, end } = await aLog({ limits: { head: 10, tail: 20 } })
    await begin(1)
    const writer = log.open(1)
    const pieces = log.follow(1, 0)
    writer.write(Buffer.from('0123456789'))
    expect(textOf(await pieces.next())).toBe('0123456789')
    writer.write(Buffer.from('a'.repeat(100)))
    const live = textOf(await pieces.next())
    expect(live).toBe(`\n[runhook: 80 bytes cut here]\n${'a'.repeat(20)}`)
    await writer.close()
    await end(1)
    expect(await collect(pieces)).toBe('')
  })

  test(`${on}: of a run that goes on only the head is read, and what is read stays what it is`, async () => {
    const { log, begin, end } = await aLog({ limits: { head: 10, tail: 20 } })
    await begin(1)
    const writer = log.open(1)
    writer.write(Buffer.from('0123456789'))
    await until(async () => (await log.size(1)) === 10, 'the head')
    const pieces = log.follow(1, 10)
    for (let from = 0; from < 100; from += 10) {
      writer.write(Buffer.from('b'.repeat(10)))
      await pieces.next()
      expect([await log.size(1), await stored(log, 1)]).toEqual([10, '0123456789'])
    }
    await pieces.return(undefined)
    await writer.close()
    await end(1)
    expect(await log.size(1)).toBeGreaterThan(30)
  })

  test(`${on}: a follower that gives up is let go, though the run says nothing`, async () => {
    const { log, begin } = await aLog()
    await begin(1)
    const writer = log.open(1)
    const leaving = new AbortController()
    const followed = collect(log.follow(1, 0, leaving.signal))
    setTimeout(() => leaving.abort(), 20)
    expect(await followed).toBe('')
    await writer.close()
  })

  test(`${on}: who follows a run that has not printed yet sees what it prints, or its end`, async () => {
    const { log, begin, end } = await aLog()
    await Promise.all([begin(1), begin(2)])
    const [prints, silent] = [log.open(1), log.open(2)]
    const followed = [collect(log.follow(1, 0)), collect(log.follow(2, 0))]
    await new Promise((resolve) => setTimeout(resolve, 20))
    prints.write(Buffer.from('at last'))
    await Promise.all([prints.close(), silent.close()])
    await Promise.all([end(1), end(2)])
    expect(await Promise.all(followed)).toEqual(['at last', ''])
  })

  test(`${on}: what was written can be read before the run ends`, async () => {
    const { log, begin } = await aLog()
    await begin(1)
    const writer = log.open(1)
    writer.write(Buffer.from('so far'))
    await until(async () => (await stored(log, 1)) === 'so far')
    await writer.close()
  })

  test(`${on}: a secret is stored nowhere, wherever pieces of the output begin and end`, async () => {
    const secret = 'correct-horse-battery'
    const redactor = () => Redactor.of([secret])
    const trial = await aLog({ redactor })
    await trial.begin(1)
    const writer = trial.log.open(1)
    const followed = collect(trial.log.follow(1, 0))
    const lines = Array.from({ length: 40_000 }, (_, n) => `${n} ${secret}\n`)
    const all = Buffer.from(lines.join(''))
    for (let at = 0; at < all.length; at += 8191) {
      writer.write(all.subarray(at, at + 8191))
      if (at % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(await writer.close()).toMatchObject({ cut: 0, problem: null })
    await trial.end(1)
    const hidden = all.toString().replaceAll(secret, '***')
    expect(await stored(trial.log, 1)).toBe(hidden)
    expect(await followed).toBe(hidden)
  })
}
