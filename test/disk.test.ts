/** A server on a small disk: what is acknowledged is kept, the rest is told so, and room is all it needs. */

import { spawnSync } from 'node:child_process'
import { existsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RunhookError } from '../src/errors.ts'
import { roomOf } from '../src/record/disk.ts'
import { FileOutputLog } from '../src/record/output.ts'
import { openSqlite } from '../src/record/sqlite.ts'
import { testUnless } from './needs.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDelivery, aDirectory, aHook, SECRET, until } from './some.ts'

const MIB = 2 ** 20
const mounting = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
const mountTest = testUnless(mounting ? null : 'mounting a small disk needs root')

function aDisk(size: string): string {
  const directory = aDirectory()
  const options = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]
  expect(spawnSync('mount', options).status).toBe(0)
  onTestFinished(() => void spawnSync('umount', ['-l', directory]))
  return directory
}

const hooks = {
  site: { repo: 'github:acme/site', secret: SECRET, run: 'echo ran', concurrency: false },
}

function deliver(server: Running, guid: string, padding: string) {
  const body = aPushBody({ padding })
  const headers = { ...asGitHub(body), 'x-github-delivery': guid }
  return server.post('/hooks/site', { body, headers })
}

describe('a disk that is full', () => {
  mountTest(
    'what is acknowledged is stored, all else is told to come again, and room is all it takes',
    async () => {
      const disk = aDisk('2600k') // the empty tables take a third of it
      const data = join(disk, 'data')
      const server = await aRunhook({ hooks, args: ['--data', data] })
      const answers = new Map<string, Awaited<ReturnType<typeof deliver>>>()
      for (let i = 0; i < 300; i++) {
        answers.set(`guid-${i}`, await deliver(server, `guid-${i}`, 'x'.repeat(20_000)))
      }
      const withStatus = (wanted: number) =>
        [...answers].filter(([, { status }]) => status === wanted).map(([guid]) => guid)
      const [accepted, refused] = [withStatus(202), withStatus(503)]
      expect(accepted.length).toBeGreaterThan(10)
      expect(refused.length).toBeGreaterThan(100)
      expect(accepted.length + refused.length).toBe(300)
      for (const guid of refused) expect(answers.get(guid)?.headers['retry-after']).toBe('5')

      const listed = await server.cli('deliveries', '--json', '--limit', '500', '--data', data)
      const kept: { guid: string }[] = JSON.parse(listed.stdout).deliveries
      expect(kept.map(({ guid }) => guid).toSorted()).toEqual(accepted.toSorted())

      const told = server
        .output()
        .split('\n')
        .filter((line) => line.includes('[503]'))
      expect(told.length).toBeLessThan(5)
      expect(server.output()).not.toContain('deliveries could')
      expect(server.output().match(/RunhookError/g)?.length ?? 0).toBeLessThan(20)

      spawnSync('mount', ['-o', 'remount,size=30m', disk])
      const again = () => deliver(server, 'after', 'y')
      await until(async () => (await again()).status !== 503, 'recovery')
      await until(async () => {
        const { stdout } = await server.cli('runs', '--json', '--limit', '500', '--data', data)
        const runs: { status: string }[] = JSON.parse(stdout).runs
        const open = runs.filter(({ status }) => status === 'queued' || status === 'running')
        return runs.length === accepted.length + 1 && open.length === 0
      }, 'the end of all runs')
      expect(await server.stop()).toBe(0)
      const database = new DatabaseSync(join(data, 'runhook.db'))
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      database.close()
    },
    60_000,
  )

  mountTest('outputs give way before deliveries do, and a run goes on without', async () => {
    const disk = aDisk('20m')
    const filling = join(disk, 'fill')
    const fill = (mib: number) =>
      spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=1M', `count=${mib}`])
    const run = 'head -c 500000 /dev/zero | tr "\\0" "x"; echo; echo the end'
    const site = { ...hooks.site, run }
    const data = join(disk, 'data')
    const server = await aRunhook({ hooks: { site }, args: ['--data', data] })
    fill(19)
    await until(() => server.output().includes('is short of room'), 'the word about it')
    expect((await deliver(server, 'short', 'x')).status).toBe(202)
    const logs = () => server.cli('logs', '1', '-f', '--data', data)
    const { stdout, code } = await logs()
    expect(code).toBe(0)
    expect(stdout.length).toBeLessThan(6000)
    expect(stdout).toMatch(/\[runhook: \d+,\d+ bytes cut here/)
    expect(stdout.trimEnd()).toMatch(/the end$/)

    spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=64k'])
    await until(() => server.output().includes('deliveries are refused with 503'), 'the next word')
    expect(await deliver(server, 'full', 'x')).toMatchObject({ status: 503 })
    expect(existsSync(filling)).toBe(true)
    unlinkSync(filling)
    await until(() => server.output().includes('has room again'), 'the good word')
    expect((await deliver(server, 'again', 'x')).status).toBe(202)
  })
})

test.each([
  [100 * MIB, 100_000 * MIB, 'enough'],
  [63 * MIB, 100_000 * MIB, 'short'],
  [15 * MIB, 100_000 * MIB, 'full'],
  [3 * MIB, 10 * MIB, 'enough'],
  [0.4 * MIB, 10 * MIB, 'short'],
  [0.09 * MIB, 10 * MIB, 'full'],
  [0, 0, 'enough'],
] as const)('%i bytes free of %i are %s', (free, size, room) => {
  expect(roomOf(free, size)).toBe(room)
})

test('a store refuses deliveries while its disk is full, with what the disk says', async () => {
  const refusal = new RunhookError('storage', 'The disk is full.')
  const store = openSqlite(aDirectory(), { disk: { refusal } })
  onTestFinished(() => store.close())
  const wanted = [{ hook: aHook(), update: 0, inputs: {} }]
  await expect(store.accept(aDelivery(), [], wanted)).rejects.toBe(refusal)
})

test('while a disk is short of room, the last 4 KiB of an output are kept', async () => {
  const output = new FileOutputLog(join(aDirectory(), 'output'), { disk: { room: 'short' } })
  const writer = output.open(1)
  for (let i = 0; i < 100; i++) writer.write(Buffer.from('a line of output\n'.repeat(100)))
  expect((await writer.close()).bytes).toBe(170_000)
  const text = Buffer.from(await output.read(1, 0, 1e6)).toString()
  expect(text).toMatch(/^\[runhook: \d+,\d+ bytes cut here/)
  expect(text.length).toBeGreaterThan(4000)
  expect(text.length).toBeLessThan(4400)
})
