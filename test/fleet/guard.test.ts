import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { guardScript } from '../../src/fleet/guard-script.ts'
import { environmentOf, factsOf, isDead, processIds } from '../../src/run/proc.ts'
import { testWhereGiven } from '../needs.ts'
import { isAlive } from '../run/runs.ts'
import { noCgroups } from '../run/ways.ts'
import { aDirectory, until } from '../some.ts'
import type { Life } from './life.ts'

/** Each line is the time, in seconds since boot. */
const ticking = (file: string) =>
  `while :; do cut -d" " -f1 /proc/uptime >> ${file}; sleep 0.05; done`
/** What TERM does not end, what made a session of its own, and what has no marker. */
const everywhere = `trap "" TERM; setsid sh -c '${ticking('far')}' & env -i PATH="$PATH" sh -c '${ticking('bare')}' & ${ticking('near')}`
const files = ['near', 'far', 'bare']

const now = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
const token = (folder: string) => readFileSync(join(folder, 'token'), 'utf8').split(' ')[0] ?? ''

interface Lived {
  readonly child: ChildProcess
  readonly folder: string
  readonly output: () => string
}

/** A worker's process. When the test ends nothing of it, its guard or its runs is left. */
async function aLife(given: Partial<Life> & { cgroups?: boolean } = {}): Promise<Lived> {
  const { cgroups = false, ...fields } = given
  const life: Life = { folder: aDirectory(), leaseMs: 10_000, line: everywhere, ...fields }
  const child = spawn(process.execPath, [resolve('test/fleet/life.ts'), JSON.stringify(life)], {
    cwd: life.folder,
    env: { PATH: process.env.PATH, ...(cgroups ? {} : { RUNHOOK_CGROUPS: 'off' }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await until(() => marked(life.folder).every(killed) && guards(life.folder).length === 0)
  })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the worker ended at its start:\n${output}`)
    return output.includes('ready')
  }, 'the worker')
  return { child, folder: life.folder, output: () => output }
}

function killed(pid: number): boolean {
  process.kill(pid, 'SIGKILL')
  return false
}

/** Of the worker's runs and slots. */
function marked(folder: string): number[] {
  return having(`RUNHOOK_RUN=${token(folder)}:`)
}

/** Without the sleep that each is in most of the time. */
function guards(folder: string): number[] {
  return having(`RUNHOOK_GUARD=${token(folder)}`).filter((pid) => factsOf(pid)?.name === 'sh')
}

function having(mark: string): number[] {
  const alive = (pid: number) => {
    const facts = factsOf(pid)
    return facts !== null && !isDead(facts)
  }
  return processIds().filter(
    (pid) => environmentOf(pid).some((entry) => entry.startsWith(mark)) && alive(pid),
  )
}

/** That are there of the worker. */
function groups(folder: string): string[] {
  const path = join(folder, 'cgroup')
  if (!existsSync(path)) return []
  return readdirSync(readFileSync(path, 'utf8').trim()).filter((name) =>
    name.includes(token(folder)),
  )
}

const ticks = (folder: string, file: string) =>
  existsSync(join(folder, file))
    ? readFileSync(join(folder, file), 'utf8').trim().split('\n').map(Number)
    : []
const lastTick = (folder: string) => Math.max(...files.flatMap((file) => ticks(folder, file)))
const allTick = (folder: string) =>
  until(() => files.every((file) => ticks(folder, file).length > 2), 'the run')

/** Nothing has written for longer than a tick takes on a busy machine. */
const silent = (folder: string) => until(() => now() - lastTick(folder) > 1, 'silence')

for (const cgroups of [false, true]) {
  const given = cgroups ? testWhereGiven(noCgroups) : test
  const way = cgroups ? 'by control groups' : 'by marker and session'

  given(`all that runs of a worker that is killed -9 started ends, ${way}`, async () => {
    const { child, folder } = await aLife({ cgroups })
    await allTick(folder)
    child.kill('SIGKILL')
    await until(() => marked(folder).length === 0, 'the end of all')
    await silent(folder)
    await until(() => guards(folder).length === 0, 'the end of the guard')
    expect(groups(folder)).toEqual([])
  })

  given(
    `what a frozen worker runs has ended before its lease is over, ${way}`,
    async () => {
      const { child, folder, output } = await aLife({ cgroups })
      await allTick(folder)
      child.kill('SIGSTOP')
      const frozenAt = now()
      await until(() => marked(folder).length === 0, 'the end of all')
      await silent(folder)
      expect(lastTick(folder)).toBeLessThan(frozenAt + 10)

      writeFileSync(join(folder, 'lost'), '')
      child.kill('SIGCONT')
      await until(() => output().includes('lost to others, and ended here: 1'), 'the worker')
      writeFileSync(join(folder, 'more-2'), '')
      const before = ticks(folder, 'near').length
      await until(() => ticks(folder, 'near').length > before + 2, 'a run after the thaw')
      expect(output()).toContain('deploy-site #2 started')
    },
    60_000,
  )
}

test('a worker that is cut off ends its runs by itself, and takes the next when it is back', async () => {
  const { folder, output } = await aLife()
  await allTick(folder)
  const cutOff = now()
  writeFileSync(join(folder, 'away'), '')
  await silent(folder)
  // KILL comes at two thirds, since TERM was ignored; the last renewal may be a sixth old.
  expect(lastTick(folder) - cutOff).toBeGreaterThan(4.5)
  expect(lastTick(folder) - cutOff).toBeLessThan(8)
  expect(output()).toContain(
    'worker web-1 could not reach the database for 5s: ending what runs here, so that another may take over',
  )
  await until(() => guards(folder).length === 1, 'the guard')
  const [guard] = guards(folder)
  writeFileSync(join(folder, 'more-2'), '')
  rmSync(join(folder, 'away'))
  await until(() => output().includes('#2 started'), 'the next run')
  expect(guards(folder)).not.toContain(guard)
}, 60_000)

test('a guard that is killed is replaced, and the new one guards', async () => {
  const { child, folder, output } = await aLife()
  await allTick(folder)
  const [first = 0] = guards(folder)
  process.kill(first, 'SIGKILL')
  await until(() => guards(folder).some((pid) => pid !== first), 'another guard')
  await until(() => output().includes('the guard of this worker has ended; starting another'))
  child.kill('SIGKILL')
  await until(() => marked(folder).length === 0, 'the end of all')
})

test('a guard withstands what a terminal or a service manager sends to all', async () => {
  const { folder } = await aLife()
  const [guard = 0] = guards(folder)
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.kill(guard, signal)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(guards(folder)).toEqual([guard])
})

test('what a run was allowed to leave behind outlives worker and guard', async () => {
  const line = `setsid sh -c '${ticking('kept')}' >/dev/null 2>&1 & echo done > done`
  const { child, folder } = await aLife({ line, leftovers: 'keep' })
  await until(() => ticks(folder, 'kept').length > 0 && existsSync(join(folder, 'done')))
  await until(() => readFileSync(join(folder, 'guarded'), 'utf8') === '\n', 'the end of the run')
  child.kill('SIGKILL')
  await until(() => guards(folder).length === 0, 'the end of the guard')
  const before = ticks(folder, 'kept').length
  await until(() => ticks(folder, 'kept').length > before + 5, 'the daemon')
})

test('a new life ends what the one before left, and no guard of that one harms it', async () => {
  const first = await aLife()
  await allTick(first.folder)
  const [guard = 0] = guards(first.folder)
  process.kill(guard, 'SIGSTOP') // so that it has not done its work yet
  const old = marked(first.folder)
  first.child.kill('SIGKILL')
  await until(() => first.child.signalCode !== null)
  const second = await aLife({ folder: first.folder, line: `${ticking('second')}` })
  expect(old.filter(isAlive)).toEqual([])
  expect(isAlive(guard)).toBe(false)
  expect(guards(second.folder)).toHaveLength(1)
  await until(() => ticks(second.folder, 'second').length > 50, 'the run of the second life')
  expect(second.output()).toContain('run #1 left processes; they were ended')
}, 60_000)

test('a guard whose deadline file is held by another life goes without a blow', async () => {
  const folder = aDirectory()
  const name = `test${Math.random().toString(36).slice(2)}`
  const deadlineFile = join(folder, 'guard')
  writeFileSync(deadlineFile, '1 new 1\n')
  writeFileSync(join(folder, 'guarded'), '1\n')
  const env = { PATH: process.env.PATH, RUNHOOK_RUN: `${name}:1` }
  const run = spawn('sleep', ['100'], { env, stdio: 'ignore' })
  onTestFinished(() => void run.kill('SIGKILL'))
  const script = (life: string) =>
    guardScript({
      deadlineFile,
      runsFile: join(folder, 'guarded'),
      life,
      pid: 2 ** 22 + 1,
      startTicks: 1,
      token: name,
      cgroupBase: null,
    })
  expect(await exitOf(script('old'))).toBe(0)
  expect(run.exitCode ?? run.signalCode).toBeNull()
  expect(await exitOf(script('new'))).toBe(0)
  expect(run.signalCode).toBe('SIGKILL')
})

function exitOf(script: string): Promise<number | null> {
  const guard = spawn('/bin/sh', ['-s'], { stdio: ['pipe', 'ignore', 'ignore'] })
  onTestFinished(() => void guard.kill('SIGKILL'))
  guard.stdin.end(script)
  return new Promise((done) => guard.once('exit', (code) => done(code)))
}
