import { fstatSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileOutputLog } from '../../src/record/output.ts'
import { FileWriter } from '../../src/record/writer.ts'
import { aDirectory, until } from '../some.ts'
import {
  collect,
  type LogOnTrial,
  type LogOptions,
  outputContract,
  writeAll,
} from './output-contract.ts'

const aFileLog = (options: LogOptions = {}) =>
  new FileOutputLog(join(aDirectory(), 'output'), options)
const onTrial = (log: FileOutputLog): LogOnTrial => ({
  log,
  begin: async () => undefined,
  end: async () => undefined,
})

outputContract({
  on: 'files',
  test,
  open: async () => (options) => onTrial(aFileLog(options)),
  examples: 300,
})

test('a thousand runs share a folder, and only this user may read them', async () => {
  const log = aFileLog()
  await writeAll(onTrial(log), 12_345, ['x'])
  const path = log.path(12_345)
  expect(path).toMatch(/\/output\/12\/12345\.log$/)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
})

test('a run without a file has no output, does not exist, and is followed to its end at once', async () => {
  const log = aFileLog()
  expect(log.exists(1)).toBe(false)
  expect(await log.read(1, 0, 10)).toHaveLength(0)
  expect(await collect(log.follow(1, 0))).toBe('')
  await log.remove(1)
})

test('the file exists from the first byte on, and is gone when removed', async () => {
  const log = aFileLog()
  const writer = log.open(1)
  expect(log.exists(1)).toBe(false)
  writer.write(Buffer.from('x'))
  await writer.close()
  await log.remove(1)
  expect(log.exists(1)).toBe(false)
})

test('the memory of a small piece is not that of the slab it came in', async () => {
  const log = aFileLog()
  const writer = log.open(1)
  const before = process.memoryUsage().arrayBuffers
  for (let left = 2000; left > 0; left -= 1) writer.write(Buffer.alloc(65_536, 'y').subarray(0, 10))
  await until(() => process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20, 'collecting')
  expect(await writer.close()).toMatchObject({ bytes: 20_000, cut: 0 })
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
  const { problem } = await writeAll(onTrial(log), 1, [Buffer.from('lost')])
  expect(problem).toContain(`was lost: cannot create ${directory}/output/0/1.log: ENOTDIR`)
})

test('a small output that has just ended is given from memory, a large one from its file', async () => {
  const log = aFileLog()
  await writeAll(onTrial(log), 1, [Buffer.from('small')])
  await writeAll(onTrial(log), 2, [Buffer.alloc(100_000, 'x')])
  rmSync(join(log.path(1), '..'), { recursive: true })
  expect(Buffer.from(await log.read(1, 1, 3)).toString()).toBe('mal')
  expect(await log.read(2, 0, 10)).toHaveLength(0)
  await log.remove(1)
  expect(await log.read(1, 0, 10)).toHaveLength(0)
})
