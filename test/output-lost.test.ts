/**
 * The machine refuses the output of a run: no room on its disk, or no file may be opened any more. A command
 * that runs goes on to its own end; one that cannot be started says why; the server lives and nothing that
 * was accepted is lost.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import type { Run } from '../src/model/run.ts'
import { needs, testUnless } from './needs.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, until } from './some.ts'

const TOKEN = 'a-token-of-this-test-012345'
const headers = { authorization: `Bearer ${TOKEN}` }
const hook = (run: string) => ({ url: '/go', token: TOKEN, run })

async function runsOf(server: Running): Promise<Run[]> {
  return JSON.parse((await server.cli('runs', '--json')).stdout).runs
}

async function ended(server: Running, id: number): Promise<Run> {
  const find = async () => (await runsOf(server)).find((run) => run.id === id && run.finishedAt)
  return (await until(find, `the end of run ${id}`)) as Run
}

describe('no room on the disk of the outputs', () => {
  const mounting = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
  const mountTest = testUnless(mounting ? null : 'mounting a small disk needs root')

  /** A server whose outputs go to a disk of their own, of this size. */
  async function withSmallDisk(size: string, run: string) {
    const directory = aDirectory()
    const disk = join(directory, '.runhook', 'output')
    mkdirSync(disk, { recursive: true, mode: 0o700 })
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk])
    expect(mounted.status).toBe(0)
    onTestFinished(() => void spawnSync('umount', ['-l', disk]))
    return { disk, server: await aRunhook({ directory, hooks: { go: hook(run) } }) }
  }

  mountTest(
    'a command goes on and ends with its own exit code; the run says what was lost',
    async () => {
      const run =
        'echo first; head -c 3M /dev/zero | tr "\\0" x; echo; echo last; echo out > out; exit 7'
      const { disk, server } = await withSmallDisk('512k', run)
      expect((await server.post('/go', { headers })).status).toBe(202)
      const end = await ended(server, 1)
      expect(end).toMatchObject({ status: 'failure', exitCode: 7, outputBytes: 3 * 2 ** 20 + 12 })
      expect(readFileSync(join(server.directory, 'out'), 'utf8')).toBe('out\n')
      const stored = statSync(join(disk, '0', '1.log')).size
      expect(end.outputCut).toBe(end.outputBytes - stored)
      expect(end.reason).toMatch(
        /failed with exit code 7; output after its first [\d,]+ bytes was lost: ENOSPC: no space left on device, write$/,
      )
      expect(end.reason).toContain(`its first ${stored.toLocaleString('en-US')} bytes`)
      const { stdout, stderr } = await server.cli('logs', '1')
      expect(stdout).toContain('first\nxxx')
      expect(stderr).toContain('was lost: ENOSPC')
      expect(await server.post('/go', { headers })).toMatchObject({ status: 202 })
    },
  )

  mountTest(
    'a run whose output can have no file does its work, and says what was lost',
    async () => {
      const { disk, server } = await withSmallDisk('64k,nr_inodes=4', 'echo began | tee -a began')
      mkdirSync(join(disk, '0'))
      for (const name of ['a', 'b']) writeFileSync(join(disk, name), '')
      expect((await server.post('/go', { headers })).status).toBe(202)
      const end = await ended(server, 1)
      expect(end).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 6, outputCut: 6 })
      expect(end.reason).toMatch(/first 0 bytes was lost: cannot create .*\/1\.log: ENOSPC/)
      expect(readdirSync(server.directory)).toContain('began')
      rmSync(join(disk, 'a'))
      expect((await server.post('/go', { headers })).status).toBe(202)
      expect(await ended(server, 2)).toMatchObject({ status: 'success', reason: null })
    },
  )
})

describe('no file may be opened any more', () => {
  const limited = needs('prlimit')

  const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).map(Number)

  /** Files that a process may have open; those it has stay. */
  function limit(pid: number, files: number): void {
    expect(spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${files}:`]).status).toBe(0)
  }

  function firstFree(pid: number): number {
    const taken = new Set(descriptors(pid))
    let free = 0
    while (taken.has(free)) free += 1
    return free
  }

  /** Calls on one connection, which is there already. */
  function caller(port: number) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    return (path: string) =>
      new Promise<number>((resolve, reject) => {
        const options = { port, host: '127.0.0.1', path, method: 'POST', headers, agent }
        const asking = request(options, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
        })
        asking.on('error', reject).end()
      })
  }

  limited(
    'each run says so, its delivery is kept, and it goes on when there are some',
    async () => {
      const server = await aRunhook({ hooks: { go: { ...hook('echo fine'), concurrency: false } } })
      const pid = server.child.pid ?? 0
      const call = caller(server.port)
      expect(await call('/go')).toBe(202)
      expect(await ended(server, 1)).toMatchObject({ status: 'success' })
      // One more may be opened each time: for the payload, the output, the ends of the pipe.
      for (const more of [0, 1, 2]) {
        limit(pid, firstFree(pid) + more)
        expect(await call('/go')).toBe(202)
        await until(() => server.output().includes(`#${more + 2} failure`), 'the end, in the log')
        limit(pid, 4096)
      }
      expect(await call('/go')).toBe(202)
      expect(await ended(server, 5)).toMatchObject({ status: 'success' })
      const runs = (await runsOf(server)).toReversed()
      expect(runs.map(({ status }) => status)).toEqual([
        ...['success', 'failure', 'failure', 'failure', 'success'],
      ])
      for (const { reason } of runs.slice(1, 4))
        expect(reason).toContain('too many files are open. Raise')
      expect(JSON.parse((await server.cli('deliveries', '--json')).stdout).deliveries).toHaveLength(
        5,
      )
    },
  )
})
