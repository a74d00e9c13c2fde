import { expect } from 'vitest'
import type { Postgres } from '../../src/postgres/connect.ts'
import { PostgresOutputLog } from '../../src/postgres/output.ts'
import {
  collect,
  type LogOnTrial,
  type LogOptions,
  outputContract,
  stored,
} from '../record/output-contract.ts'
import { until } from '../some.ts'
import { aServer, onPostgres, PASSWORD } from './database.ts'
import { aProcess, aRunningRun, endRun, type FleetProcess } from './fleet.ts'

function onTrial(process: FleetProcess, options: LogOptions = {}): LogOnTrial {
  return {
    log: new PostgresOutputLog(process.database, { ...process, ...options }),
    begin: (runId) => aRunningRun(process, runId),
    end: (runId) => endRun(process, runId),
  }
}

async function open() {
  const process = await aProcess()
  return (options?: LogOptions) => onTrial(process, options)
}

outputContract({ on: 'PostgreSQL', test: onPostgres, open, examples: 60 })

const MiB = 2 ** 20
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? '').toString()

async function rowsIn({ database }: Pick<FleetProcess, 'database'>, runId: number) {
  const rows = await database.query(
    'SELECT at, length(bytes) AS length FROM runhook.outputs WHERE run_id = $1 ORDER BY at',
    [runId],
  )
  return rows.map((row) => [Number(row.at), Number(row.length)])
}

/** A database that counts the bytes that it is given. */
function counting({ database }: FleetProcess) {
  const given = { bytes: 0, most: 0 }
  const query: Postgres['query'] = (sql, values = []) => {
    const sizes = values.map((value) => (value instanceof Uint8Array ? value.length : 0))
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    given.bytes += bytes
    given.most = Math.max(given.most, bytes)
    return database.query(sql, values)
  }
  return { given, query }
}

onPostgres('what a command prints is read in another process within a second', async () => {
  const worker = await aProcess()
  const receiver = await aProcess(worker.url)
  await aRunningRun(worker, 1)
  await until(() => receiver.listener.hears)
  const writer = onTrial(worker).log.open(1)
  const pieces = onTrial(receiver).log.follow(1, 0)
  const took: number[] = []
  for (let line = 0; line < 8; line++) {
    const next = pieces.next()
    await pause(100)
    const since = performance.now()
    writer.write(Buffer.from(`line ${line}\n`))
    expect(textOf((await next).value ?? undefined)).toBe(`line ${line}\n`)
    took.push(performance.now() - since)
  }
  await writer.close()
  took.sort((one, other) => one - other)
  // Half of the slow poll: it came by word. The machine of the tests may be busy once.
  expect(took[4]).toBeLessThan(500)
})

onPostgres('100 MB at full speed cost memory and database no more than the limits', async () => {
  const process = await aProcess()
  await aRunningRun(process, 1)
  const { given, query } = counting(process)
  const log = new PostgresOutputLog({ query }, process)
  const writer = log.open(1)
  const block = Buffer.from(`${'x'.repeat(99)}\n`.repeat(1000))
  const { memoryUsage } = globalThis.process
  const [before, begun] = [memoryUsage().arrayBuffers, performance.now()]
  let most = 0
  let rows = 0
  for (let left = 1000; left > 0; left -= 1) {
    writer.write(block)
    most = Math.max(most, memoryUsage().arrayBuffers - before)
    if (left % 10 === 0) await pause(1)
    if (left % 200 === 0) {
      const stored = await rowsIn(process, 1)
      rows = Math.max(
        rows,
        stored.reduce((sum, [, length = 0]) => sum + length, 0),
      )
    }
  }
  expect(await writer.close()).toMatchObject({ bytes: 100_000_000, problem: null })
  const seconds = (performance.now() - begun) / 1000
  expect(most).toBeLessThan(40 * MiB)
  expect(rows).toBeLessThanOrEqual(4.3 * MiB)
  // The head, the end, and one tail a second between.
  expect(given.bytes).toBeLessThanOrEqual((1 + 3 + 3 * (1 + seconds)) * MiB + 1000)
  expect(given.most).toBeLessThanOrEqual(1.1 * MiB)
  const sum = (await rowsIn(process, 1)).reduce((total, [, length = 0]) => total + length, 0)
  expect(sum).toBeLessThanOrEqual(4 * MiB + 100)
})

onPostgres('a crash of the database in the middle loses nothing that fits the limits', async () => {
  const server = await aServer()
  const url = await server.createDatabase()
  const process = await aProcess(url)
  const receiver = await aProcess(url)
  await aRunningRun(process, 1)
  const writer = onTrial(process).log.open(1)
  const followed = collect(onTrial(receiver).log.follow(1, 0))
  let all = ''
  const print = async (lines: number) => {
    for (let line = 0; line < lines; line++) {
      const text = `${all.length} ${'.'.repeat(line % 2000)}\n`
      all += text
      writer.write(Buffer.from(text))
      if (line % 20 === 0) await pause(2)
    }
  }
  await print(300)
  await server.stop('immediate')
  await print(1500)
  await server.start()
  await print(300)
  await server.restart('immediate')
  await print(300)
  expect(await writer.close()).toMatchObject({ bytes: all.length, cut: 0, problem: null })
  await endRun(process, 1)
  expect(await stored(onTrial(receiver).log, 1)).toBe(all)
  expect(await followed).toBe(all)
})

onPostgres('while the database is away the newest is kept, and its limits hold', async () => {
  const server = await aServer()
  const process = await aProcess(await server.createDatabase())
  await aRunningRun(process, 1)
  const { log } = onTrial(process, { limits: { head: 1000, tail: 2000 } })
  const writer = log.open(1)
  const lines = Array.from({ length: 1000 }, (_, line) => `line ${line}\n`)
  writer.write(Buffer.from(lines.slice(0, 10).join('')))
  await until(async () => (await log.size(1)) > 0, 'the first')
  await server.stop('immediate')
  for (const line of lines.slice(10)) writer.write(Buffer.from(line))
  const closed = writer.close()
  await server.start()
  const { bytes, cut, problem } = await closed
  await endRun(process, 1)
  const all = lines.join('')
  const [head = '', says, tail = ''] = (await stored(log, 1)).split(/\n?(\[runhook:.*\])\n/)
  expect({ bytes, problem, head }).toEqual({
    bytes: all.length,
    problem: null,
    head: all.slice(0, 1000),
  })
  expect(all.endsWith(tail)).toBe(true)
  expect(tail.length).toBeGreaterThan(1900)
  expect(says).toContain(cut.toLocaleString('en-US'))
  expect(cut).toBe(all.length - head.length - tail.length)
})

onPostgres('an end without the database waits for it so long, and says what was lost', async () => {
  const server = await aServer()
  const process = await aProcess(await server.createDatabase())
  await aRunningRun(process, 1)
  const log = new PostgresOutputLog(process.database, { ...process, closeMs: 500 })
  const writer = log.open(1)
  writer.write(Buffer.from('kept'))
  await until(async () => (await log.size(1)) === 4, 'what is kept')
  await server.stop('immediate')
  writer.write(Buffer.from(', but not this'))
  const { place, ...closed } = await writer.close()
  expect(closed).toEqual({
    bytes: 18,
    cut: 14,
    problem: expect.stringMatching(
      /^output after its first 4 bytes was lost: The database cannot be used: /,
    ),
  })
  expect(closed.problem).not.toContain(PASSWORD)
  expect([place(2), place(4), place(18)]).toEqual([2, 4, 4])
  await server.start()
  await endRun(process, 1)
  expect(await stored(log, 1)).toBe('kept')
})

onPostgres(
  'a crash of the worker keeps what was written, of the head and of the tail',
  async () => {
    const process = await aProcess()
    await aRunningRun(process, 1)
    const { log } = onTrial(process, { limits: { head: 10, tail: 20 } })
    const writer = log.open(1)
    writer.write(Buffer.from(`0123456789${'a'.repeat(100)}`))
    await until(async () => (await rowsIn(process, 1)).length > 1, 'the tail')
    await endRun(process, 1, 'interrupted')
    const whole = `0123456789\n[runhook: 80 bytes cut here]\n${'a'.repeat(20)}`
    expect(await stored(log, 1)).toBe(whole)
    expect(await collect(log.follow(1, 0))).toBe(whole)
    expect(textOf(await log.read(1, 8, 14))).toBe(whole.slice(8, 22))
    await writer.close()
  },
)

onPostgres(
  'a slow reader gets what is there when he comes to it, with a line for what was cut',
  async () => {
    const process = await aProcess()
    await aRunningRun(process, 1)
    const { log } = onTrial(process)
    const writer = log.open(1)
    const block = Buffer.from(`${'x'.repeat(99)}\n`.repeat(1000))
    writer.write(block)
    const pieces = log.follow(1, 0)
    const first = textOf((await pieces.next()).value ?? undefined)
    for (let left = 300; left > 0; left -= 1) {
      writer.write(block)
      if (left % 30 === 0) await pause(50)
    }
    await writer.close()
    await endRun(process, 1)
    expect(first + (await collect(pieces))).toBe(await stored(log, 1))
  },
)

onPostgres('two readers in two processes, one from the middle, read the same', async () => {
  const worker = await aProcess()
  const [one, two] = [await aProcess(worker.url), await aProcess(worker.url)]
  await aRunningRun(worker, 1)
  const writer = onTrial(worker).log.open(1)
  const whole = collect(onTrial(one).log.follow(1, 0))
  const rest = collect(onTrial(two).log.follow(1, 5000))
  let all = ''
  for (let line = 0; line < 2000; line++) {
    all += `line ${line}\n`
    writer.write(Buffer.from(`line ${line}\n`))
    if (line % 10 === 0) await pause(3)
  }
  await writer.close()
  await endRun(worker, 1)
  expect(await whole).toBe(all)
  expect(await rest).toBe(all.slice(5000))
})

onPostgres('output is followed although every word is lost', async () => {
  const process = await aProcess()
  await aRunningRun(process, 1)
  const listener = { join: () => () => undefined }
  const log = new PostgresOutputLog(process.database, { ...process, listener })
  const writer = log.open(1)
  const followed = collect(log.follow(1, 0))
  for (const text of ['one ', 'two ', 'three']) {
    writer.write(Buffer.from(text))
    await pause(400)
  }
  await writer.close()
  await endRun(process, 1)
  expect(await followed).toBe('one two three')
})

onPostgres('a long talk is kept in few rows', async () => {
  const process = await aProcess()
  await aRunningRun(process, 1)
  const writer = onTrial(process).log.open(1)
  for (let line = 0; line < 60; line++) {
    writer.write(Buffer.from(`${line} ${'.'.repeat(200)}\n`))
    await pause(50)
  }
  const { bytes } = await writer.close()
  const rows = await rowsIn(process, 1)
  expect(rows.reduce((sum, [, length = 0]) => sum + length, 0)).toBe(bytes)
  expect(rows.length).toBeLessThanOrEqual(3)
})

onPostgres('a run that is begun again begins its output anew', async () => {
  const process = await aProcess()
  await aRunningRun(process, 1)
  const log = new PostgresOutputLog(process.database, { ...process, limits: { head: 4, tail: 8 } })
  const first = log.open(1)
  first.write(Buffer.from('of an earlier life'))
  await first.close()
  const second = log.open(1)
  second.write(Buffer.from('new'))
  await second.close()
  await endRun(process, 1)
  expect(await stored(log, 1)).toBe('new')
  await log.remove(1)
  expect([await log.size(1), await rowsIn(process, 1)]).toEqual([0, []])
})
