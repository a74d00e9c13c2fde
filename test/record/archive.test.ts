/** A history is written down, read, and written down again: nothing is lost and nothing is made up. */

import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ArchiveReader } from '../../src/record/archive-reader.ts'
import { restoreSqlite } from '../../src/record/archive-restore.ts'
import { readSqlite } from '../../src/record/archive-sqlite.ts'
import { type Entry, readRow } from '../../src/record/archive-tables.ts'
import { archiveOf } from '../../src/record/archive-writer.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDelivery, aDirectory, aHook } from '../some.ts'
import { aHistory, archiveBytes, binaryBody, bytesOf, valuesOf, WRITTEN_AT } from './history.ts'

async function* inPieces(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const restored = async (bytes: Buffer, directory = aDirectory(), size?: number) => {
  await restoreSqlite(directory, new ArchiveReader(inPieces(bytes, size)))
  return directory
}

async function aClosedHistory() {
  const directory = aDirectory()
  const history = await aHistory(directory)
  await history.close()
  return { ...history, directory, bytes: await archiveBytes(directory) }
}

describe('a history', () => {
  test('comes out as it went in, but for what was under way', async () => {
    const { bytes, running } = await aClosedHistory()
    const again = valuesOf(await archiveBytes(await restored(bytes)))
    const expected = valuesOf(bytes).map((value) =>
      value.run?.id === running.run
        ? {
            run: {
              ...value.run,
              status: 'interrupted',
              finished_at: WRITTEN_AT,
              reason: 'it ran while its history was moved to another database',
            },
          }
        : value,
    )
    expect(again.slice(0, -1)).toEqual(expected.slice(0, -1))
    expect(again.at(-1)?.end?.counts).toEqual(expected.at(-1)?.end?.counts)
  })

  test('has what it should: nothing of the test itself is missing', async () => {
    const { bytes } = await aClosedHistory()
    expect(valuesOf(bytes).at(-1)?.end?.counts).toEqual({
      config: 1,
      token: 2,
      user: 2,
      audit: 1,
      refusal: 2,
      delivery: 6,
      pruned_run: 2,
      run: 6,
      step: 4,
      output: 3,
    })
    const runs = valuesOf(bytes).flatMap(({ run }) => (run ? [run.status] : []))
    expect(runs).toEqual(['success', 'failure', 'queued', 'running', 'queued', 'queued'])
    const bodies = valuesOf(bytes).flatMap(({ body }) => (body ? [String(body.bytes)] : []))
    const whole = bodies.slice(0, 4).map((text) => Buffer.from(text, 'base64'))
    expect(Buffer.concat(whole).equals(binaryBody)).toBe(true)
  })

  test('is the same whether its server runs or not', async () => {
    const directory = aDirectory()
    const { close } = await aHistory(directory)
    const running = await archiveBytes(directory)
    await close()
    expect((await archiveBytes(directory)).equals(running)).toBe(true)
  })

  test('is of one moment: what comes while it is written down is not in it', async () => {
    const directory = aDirectory()
    const { store, close } = await aHistory(directory)
    const before = await archiveBytes(directory)
    const meanwhile = await readSqlite(directory, async (entries) => {
      const held: Entry[] = []
      for await (const entry of entries) {
        if (held.length === 1) {
          const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
          await store.accept(aDelivery(), [], wanted)
        }
        held.push(entry)
      }
      return bytesOf(
        (async function* () {
          yield* held
        })(),
      )
    })
    expect(meanwhile.equals(before)).toBe(true)
    expect((await archiveBytes(directory)).equals(before)).toBe(false)
    await close()
  })

  test('keeps outputs to the byte, the line that tells of a cut among them', async () => {
    const { bytes, directory, failing } = await aClosedHistory()
    const before = new FileOutputLog(join(directory, 'output'))
    const target = await restored(bytes)
    const after = new FileOutputLog(join(target, 'output'))
    const text = Buffer.from(await after.read(failing.run, 0, 1_000_000)).toString()
    expect(text).toBe(Buffer.from(await before.read(failing.run, 0, 1_000_000)).toString())
    expect(text).toContain('bytes cut here')
    expect(statSync(after.path(failing.run)).mode & 0o777).toBe(0o600)
  })

  test('goes on where it was: ids, repeats, what waits, and tokens', async () => {
    const { bytes, first } = await aClosedHistory()
    const store = openSqlite(await restored(bytes))
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
    const again = await store.accept(aDelivery({ guid: 'aaaa-1' }), [], wanted)
    expect(again.delivery).toMatchObject({ id: 7, duplicateOf: first.delivery })
    expect(again.queued).toEqual([])
    const replay = await store.accept(aDelivery({ guid: 'new', body: binaryBody }), [], wanted)
    expect(replay.queued).toEqual([])
    const fresh = await store.accept(aDelivery(), [], wanted)
    expect(fresh.queued[0]?.id).toBe(7)
    expect((await store.unfinished()).map(({ status }) => status)).not.toContain('running')
    const found = await store.tokens.find(createHash('sha256').update('ci').digest())
    expect(found?.name).toBe('ci')
    await store.close()
  })

  test('an empty one is a history too', async () => {
    const directory = aDirectory()
    await openSqlite(directory).close()
    const bytes = await archiveBytes(directory)
    expect(valuesOf(bytes)).toHaveLength(2)
    expect((await archiveBytes(await restored(bytes))).equals(bytes)).toBe(true)
  })

  test('is written in lines that stay short, however large a body is', async () => {
    const directory = aDirectory()
    const store = openSqlite(directory)
    await store.accept(aDelivery({ body: Buffer.alloc(5_000_000, 7) }), [], [])
    await store.close()
    const bytes = await archiveBytes(directory)
    const longest = Math.max(
      ...bytes
        .toString()
        .split('\n')
        .map((line) => line.length),
    )
    expect(longest).toBeLessThan(66_000)
    expect((await archiveBytes(await restored(bytes))).equals(bytes)).toBe(true)
  })
})

describe('what is no whole history is refused, and nothing of it kept', () => {
  const isEmpty = async (directory: string) => {
    const store = openSqlite(directory)
    const empty = [...(await store.runs({ limit: 1 })), ...(await store.deliveries({ limit: 1 }))]
    await store.close()
    return empty.length === 0
  }
  const refusal = async (bytes: Buffer) => {
    const directory = aDirectory()
    const message = await restored(bytes, directory).then(
      () => 'nothing was refused',
      (error) => error.message,
    )
    expect(await isEmpty(directory)).toBe(true)
    return message
  }

  test('cut off at whatever byte', async () => {
    const { bytes } = await aClosedHistory()
    const lines = bytes.toString().trimEnd().split('\n').length
    const ends = [0, 1, 100, 3000, bytes.length / 2, bytes.length - 50, bytes.length - 1]
    for (const end of ends.map(Math.floor)) {
      const line = bytes.subarray(0, end).toString().split('\n').length - 1
      expect(await refusal(bytes.subarray(0, end))).toBe(
        `The history was cut off after line ${line}.`,
      )
    }
    const whole = bytes.lastIndexOf('\n', bytes.length - 2) + 1 // at the end of a line
    expect(await refusal(bytes.subarray(0, whole))).toBe(
      `The history was cut off after line ${lines - 1}.`,
    )
  })

  test('with one bit of it turned over', async () => {
    const { bytes } = await aClosedHistory()
    for (let at = 200; at < bytes.length; at += Math.floor(bytes.length / 23)) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(await refusal(damaged)).toMatch(
        /^The history (is damaged at|was cut off after) line \d+/,
      )
    }
  })

  test('with a line taken out, doubled, or moved', async () => {
    const { bytes } = await aClosedHistory()
    const lines = bytes.toString().split('\n')
    const without = [...lines.slice(0, 9), ...lines.slice(10)]
    const doubled = [...lines.slice(0, 3), ...lines.slice(2)]
    const moved = [lines[0], lines[2], lines[1], ...lines.slice(3)]
    for (const changed of [without, doubled, moved]) {
      expect(await refusal(Buffer.from(changed.join('\n')))).toMatch(/[Ll]ine \d+/)
    }
  })

  test('near the damage, where a check follows it', async () => {
    async function* entries(): AsyncGenerator<Entry> {
      for (let index = 0; index < 5000; index++) {
        yield { kind: 'config', row: { hash: `h${index}`, text: 'aaaa', used_at: 1 } }
      }
    }
    const bytes = await bytesOf(entries())
    const damaged = Buffer.from(
      bytes.toString().replace('"h1500","text":"aaaa"', '"h1500","text":"aaab"'),
    )
    expect(await refusal(damaged)).toBe(
      'The history is damaged at line 2001: what stands before it is not what was written.',
    )
    expect(valuesOf(bytes)).toHaveLength(5002)
  })

  test('what follows the last line', async () => {
    const { bytes } = await aClosedHistory()
    expect(await refusal(Buffer.concat([bytes, Buffer.from('{}\n')]))).toContain(
      'something follows what should be the last line',
    )
  })

  test('gzip that ends too soon, or does not unpack', async () => {
    const { bytes } = await aClosedHistory()
    const packed = gzipSync(bytes)
    expect(await refusal(packed.subarray(0, packed.length - 100))).toMatch(/cut off after line \d+/)
    const damaged = Buffer.from(packed)
    damaged.fill(0, packed.length >> 1, (packed.length >> 1) + 50)
    expect(await refusal(damaged)).toMatch(/line \d+/)
  })

  test.each([
    ['something else altogether', 'hello\n', /damaged at line 1/],
    ['another JSON', '{"a":1}\n', /^This is no history/],
    ['an empty file', '', /cut off after line 0/],
    [
      'a newer form',
      '{"runhook":{"format":"history","version":9,"release":"7.0.0","at":1}}\n',
      /newer runhook \(7\.0\.0\)/,
    ],
  ])('%s', async (_, text, says) => {
    expect(await refusal(Buffer.from(text))).toMatch(says)
  })
})

test('packed with gzip it is read by what it is, not by its name', async () => {
  const { bytes } = await aClosedHistory()
  const plain = await archiveBytes(await restored(bytes))
  for (const size of [1, 100_000]) {
    const packed = await restored(gzipSync(bytes), aDirectory(), size)
    expect((await archiveBytes(packed)).equals(plain)).toBe(true)
  }
})

test('a folder that has a history takes no other', async () => {
  const { bytes, directory } = await aClosedHistory()
  await expect(restored(bytes, directory)).rejects.toMatchObject({
    code: 'conflict',
    message: `${directory} has a history already: there are deliveries.`,
  })
  expect((await archiveBytes(directory)).equals(bytes)).toBe(true)
})

test('a folder whose server runs takes none', async () => {
  const { bytes } = await aClosedHistory()
  const directory = aDirectory()
  const store = openSqlite(directory)
  await expect(restored(bytes, directory)).rejects.toMatchObject({ code: 'storage' })
  await store.close()
})

test('after an attempt that broke off, the next one succeeds', async () => {
  const { bytes, failing } = await aClosedHistory()
  const directory = aDirectory()
  const half = bytes.subarray(0, bytes.length - 10)
  await expect(restored(half, directory)).rejects.toMatchObject({ code: 'invalid' })
  expect(existsSync(new FileOutputLog(join(directory, 'output')).path(failing.run))).toBe(true)
  expect(await restored(bytes, directory)).toBe(directory)
})

test('no more of it is held than a few pieces, however long it is', async () => {
  const piece = Buffer.alloc(48 * 1024, 'x')
  let written = 0
  async function* entries(): AsyncGenerator<Entry> {
    for (; written < 2000; written++) {
      yield { kind: 'output', run: 1, at: written * piece.length, bytes: piece }
    }
  }
  const reader = new ArchiveReader(archiveOf(entries(), WRITTEN_AT))
  await reader.header()
  let read = 0
  let ahead = 0
  for await (const _ of reader.entries()) ahead = Math.max(ahead, written - ++read)
  expect(read).toBe(2000)
  expect(ahead).toBeLessThan(5)
})

test('a user of an archive that knows no provider yet is known by his name', () => {
  const rest = { password: null, created_at: 1, created_by: 'root', disabled_at: null }
  const row = { id: 1, name: 'ada', role: 'admin', ...rest }
  expect(readRow('user', row)).toEqual({ ...row, issuer: null, subject: null })
  expect(readRow('user', { ...row, issuer: 7 })).toBeNull()
  expect(readRow('user', { id: 1, name: 'ada', role: 'admin' })).toBeNull()
})
