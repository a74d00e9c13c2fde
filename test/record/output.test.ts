import { fstatSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FileOutputLog, type Limits } from '../../src/record/output.ts'
import { FileWriter } from '../../src/record/writer.ts'
import { aDirectory, until } from '../some.ts'

const aLog = (limits?: Limits) => new FileOutputLog(join(aDirectory(), 'output'), { limits })
const stored = async (log: FileOutputLog, id: number) =>
  Buffer.from(await log.read(id, 0, Number.MAX_SAFE_INTEGER)).toString()

async function writeAll(log: FileOutputLog, id: number, chunks: readonly (string | Uint8Array)[]) {
  const writer = log.open(id)
  for (const chunk of chunks) writer.write(Buffer.from(chunk))
  return writer.close()
}

async function collect(pieces: AsyncIterable<Uint8Array>) {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all).toString()
}

test('what a run wrote is read back, from any offset, and nothing is cut', async () => {
  const log = aLog()
  const closed = await writeAll(log, 7, ['one\n', 'two\n', 'three\n'])
  expect(closed).toMatchObject({ bytes: 14, cut: 0, problem: null })
  expect(await stored(log, 7)).toBe('one\ntwo\nthree\n')
  expect(Buffer.from(await log.read(7, 4, 3)).toString()).toBe('two')
  expect(await log.read(7, 99, 5)).toHaveLength(0)
})

test('a thousand runs share a folder, and only this user may read them', async () => {
  const log = aLog()
  await writeAll(log, 12_345, ['x'])
  const path = log.path(12_345)
  expect(path).toMatch(/\/output\/12\/12345\.log$/)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
})

test('a run without a file has no output, does not exist, and is followed to its end at once', async () => {
  const log = aLog()
  expect(log.exists(1)).toBe(false)
  expect(await log.read(1, 0, 10)).toHaveLength(0)
  expect(await collect(log.follow(1, 0))).toBe('')
  await log.remove(1)
})

test('the file exists from the first byte on, and is gone when removed', async () => {
  const log = aLog()
  const writer = log.open(1)
  expect(log.exists(1)).toBe(false)
  writer.write(Buffer.from('x'))
  await writer.close()
  await log.remove(1)
  expect(log.exists(1)).toBe(false)
})

test('of a long output the head and the tail are kept around a line that says what was cut', async () => {
  const log = aLog({ head: 2 ** 20, tail: 3 * 2 ** 20 })
  const writer = log.open(1)
  const line = `${'x'.repeat(99)}\n`
  const block = Buffer.from(line.repeat(1000))
  for (let left = 1000; left > 0; left -= 1) writer.write(block)
  expect(writer.written).toBe(100_000_000)
  const { bytes, cut, problem } = await writer.close()
  const text = await stored(log, 1)
  const marker =
    /^\[runhook: ([\d,]+) bytes cut here; the first 1 MiB and the last 3 MiB are kept\]$/m
  expect(text).toMatch(marker)
  expect({ bytes, problem }).toEqual({ bytes: 100_000_000, problem: null })
  expect(cut.toLocaleString('en-US')).toBe(marker.exec(text)?.[1])
  const [head = '', tail = ''] = text.split(/\n?\[runhook:.*\]\n/)
  expect(head).toHaveLength(2 ** 20)
  expect(head.length + tail.length + cut).toBe(bytes)
  expect(tail.startsWith(line)).toBe(true)
  expect(writer.written).toBe(100_000_000)
})

test('an output of exactly head and tail is whole', async () => {
  const log = aLog({ head: 4, tail: 6 })
  expect(await writeAll(log, 1, ['abcd', 'efghij'])).toMatchObject({ bytes: 10, cut: 0 })
  expect(await stored(log, 1)).toBe('abcdefghij')
})

test('the memory of a small piece is not that of the slab it came in', async () => {
  const log = aLog()
  const writer = log.open(1)
  const before = process.memoryUsage().arrayBuffers
  for (let left = 2000; left > 0; left -= 1) writer.write(Buffer.alloc(65_536, 'y').subarray(0, 10))
  await until(() => process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20, 'collecting')
  expect(await writer.close()).toMatchObject({ bytes: 20_000, cut: 0 })
})

test('neither cut splits a character, and offsets of the stream find their place in the file', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\n'), maxLength: 200 })
  const sizes = fc.record({
    head: fc.integer({ min: 0, max: 40 }),
    tail: fc.integer({ min: 8, max: 40 }),
  })
  const log = aLog()
  let run = 0
  await fc.assert(
    fc.asyncProperty(text, sizes, fc.integer({ min: 1, max: 30 }), async (text, limits, size) => {
      const small = new FileOutputLog(join(log.path(0), '..', '..'), { limits })
      const all = Buffer.from(text)
      const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
        all.subarray(index * size, (index + 1) * size),
      )
      const { bytes, cut, place } = await writeAll(small, ++run, chunks)
      const file = await small.read(run, 0, 1e6)
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
    { numRuns: 300 },
  )
})

test('bytes that are no text at all are kept as they are', async () => {
  const log = aLog()
  const bytes = Uint8Array.from({ length: 1024 }, (_, index) => index % 256)
  await writeAll(log, 1, [bytes])
  expect(await log.read(1, 0, 2000)).toEqual(Buffer.from(bytes))
})

test('a follower gets what is stored, then what comes, and the end', async () => {
  const log = aLog()
  const writer = log.open(1)
  writer.write(Buffer.from('first '))
  const followed = collect(log.follow(1, 0))
  for (const word of ['second ', 'third ', 'last']) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    writer.write(Buffer.from(word))
  }
  await writer.close()
  expect(await followed).toBe('first second third last')
  expect(await collect(log.follow(1, 6))).toBe('second third last')
})

test('any number of followers see every byte once, however the output comes', async () => {
  const log = aLog({ head: 1000, tail: 100_000 })
  const writer = log.open(1)
  const followers = Array.from({ length: 5 }, (_, index) => collect(log.follow(1, index * 100)))
  let all = ''
  for (let number = 0; number < 2000; number += 1) {
    const line = `${number} ${'.'.repeat(number % 40)}\n`
    all += line
    writer.write(Buffer.from(line))
    if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await writer.close()
  for (const [index, text] of (await Promise.all(followers)).entries())
    expect(text).toBe(all.slice(index * 100))
})

test('a follower of a run whose middle is being cut is told so, and goes on with the newest', async () => {
  const log = aLog({ head: 10, tail: 20 })
  const writer = log.open(1)
  const pieces = log.follow(1, 0)
  writer.write(Buffer.from('0123456789'))
  expect(Buffer.from((await pieces.next()).value ?? '').toString()).toBe('0123456789')
  writer.write(Buffer.from('a'.repeat(100)))
  const live = Buffer.from((await pieces.next()).value ?? '').toString()
  expect(live).toBe(`\n[runhook: 80 bytes cut here]\n${'a'.repeat(20)}`)
  await writer.close()
  expect(await collect(pieces)).toBe('')
})

test('a follower that gives up is let go, though the run says nothing', async () => {
  const log = aLog()
  const writer = log.open(1)
  const leaving = new AbortController()
  const followed = collect(log.follow(1, 0, leaving.signal))
  setTimeout(() => leaving.abort(), 20)
  expect(await followed).toBe('')
  await writer.close()
})

test('a disk that refuses does not reach the writer: it counts on, and says at the end what was lost', async () => {
  const fd = openSync('/dev/full', 'w')
  const writer = new FileWriter(
    async () => fd,
    { head: 2 ** 20, tail: 2 ** 20 },
    () => {},
  )
  writer.write(Buffer.from('lost'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  writer.write(Buffer.from(' as well'))
  const { place, ...closed } = await writer.close()
  expect(closed).toEqual({
    bytes: 12,
    cut: 12,
    problem: 'output after its first 0 bytes was lost: ENOSPC: no space left on device, write',
  })
  expect(place(12)).toBe(0)
  expect(() => fstatSync(fd)).toThrow('EBADF')
})

test('a file that cannot be created is told of at the end, with where it was to be', async () => {
  const directory = aDirectory()
  writeFileSync(join(directory, 'output'), 'in the way')
  const log = new FileOutputLog(join(directory, 'output'))
  const { problem } = await writeAll(log, 1, [Buffer.from('lost')])
  expect(problem).toContain(`was lost: cannot create ${directory}/output/0/1.log: ENOTDIR`)
})

test('who follows a run that has not printed yet sees what it prints, or its end', async () => {
  const log = aLog()
  const [prints, silent] = [log.open(1), log.open(2)]
  const followed = [collect(log.follow(1, 0)), collect(log.follow(2, 0))]
  await new Promise((resolve) => setTimeout(resolve, 20))
  prints.write(Buffer.from('at last'))
  await Promise.all([prints.close(), silent.close()])
  expect(await Promise.all(followed)).toEqual(['at last', ''])
})

test('what was written is in the file before the run ends', async () => {
  const log = aLog()
  const writer = log.open(1)
  writer.write(Buffer.from('so far'))
  await until(async () => Buffer.from(await log.read(1, 0, 100)).toString() === 'so far')
  await writer.close()
})

test('a small output that has just ended is given from memory, a large one from its file', async () => {
  const log = aLog()
  await writeAll(log, 1, [Buffer.from('small')])
  await writeAll(log, 2, [Buffer.alloc(100_000, 'x')])
  rmSync(join(log.path(1), '..'), { recursive: true })
  expect(Buffer.from(await log.read(1, 1, 3)).toString()).toBe('mal')
  expect(await log.read(2, 0, 10)).toHaveLength(0)
  await log.remove(1)
  expect(await log.read(1, 0, 10)).toHaveLength(0)
})
