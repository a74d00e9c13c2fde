import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { CommandSpec } from '../../src/run/command.ts'
import { PipePool } from '../../src/run/pipe.ts'
import {
  type EndReason,
  KEEPABLE,
  type ProcessOptions,
  startProcess,
} from '../../src/run/process.ts'
import { aDirectory, until } from '../some.ts'
import { fixture, isAlive } from './runs.ts'
import { test, waysNow } from './ways.ts'

const PATH = '/usr/local/bin:/usr/bin:/bin'

function aPlace() {
  const directory = aDirectory()
  const pipes = new PipePool(join(directory, 'pipes'))
  const start = (argv: CommandSpec['argv'], more: Partial<CommandSpec & ProcessOptions> = {}) => {
    let output = Buffer.alloc(0)
    const spec = { argv, workingDirectory: directory, env: { PATH }, ...more }
    const running = startProcess(
      spec,
      pipes,
      (chunk) => {
        output = Buffer.concat([output, chunk])
      },
      { timeoutMs: 60_000, graceMs: 300, ...waysNow(), ...more },
    )
    return { ...running, output: () => output.toString('latin1') }
  }
  const run = async (argv: CommandSpec['argv'], more: Parameters<typeof start>[1] = {}) => {
    const running = start(argv, more)
    return { ...(await running.ended), output: running.output() }
  }
  const sh = (line: string, more: Parameters<typeof start>[1] = {}) => run(['sh', '-c', line], more)
  return { directory, pipes, start, run, sh }
}

/** Waits until the process has written its pid (or several) and gives them. */
const pidsOf = (output: () => string, count = 1) =>
  until(() => {
    const pids = output().split(/\s+/).filter(Boolean).map(Number)
    return pids.length >= count && pids
  }, 'a pid')

const clean = {
  problem: null,
  endedBy: null,
  killed: false,
  leftovers: null,
  outputHeld: false,
  outOfMemory: false,
}

test('a command that succeeds, fails, or is ended by a signal says so', async () => {
  const { sh } = aPlace()
  expect(await sh('echo done')).toMatchObject({
    ...clean,
    exitCode: 0,
    signal: null,
    output: 'done\n',
  })
  expect(await sh('exit 7')).toMatchObject({ ...clean, exitCode: 7, signal: null, output: '' })
  expect(await sh('kill -SEGV $$')).toMatchObject({ ...clean, exitCode: null, signal: 'SIGSEGV' })
})

test('stdout and stderr come in the order in which they were written', async () => {
  const { sh } = aPlace()
  const { output } = await sh('for i in $(seq 200); do echo o$i; echo e$i >&2; done')
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
  expect(output).toBe(numbers.map((number) => `o${number}\ne${number}\n`).join(''))
})

test('/dev/stdout and /dev/stderr can be opened, and opening them empties nothing', async () => {
  const { sh } = aPlace()
  const { output, exitCode } = await sh(
    'echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four | tee /dev/stderr >/dev/null',
  )
  expect({ output, exitCode }).toEqual({ output: 'one\ntwo\nthree\nfour\n', exitCode: 0 })
})

test('stdin is empty, and no file that the server has open is open in a command', async () => {
  const { sh, directory } = aPlace()
  const fd = openSync(join(directory, 'canary'), 'w')
  const { output } = await sh('cat; readlink /proc/self/fd/*')
  closeSync(fd)
  expect(output.split('\n', 1)).toEqual(['/dev/null'])
  expect(output).not.toContain('canary')
  expect(output.match(/pipes/g)).toHaveLength(2)
})

test('the environment is exactly what was given: nothing of the server leaks into it', async () => {
  process.env.SERVER_SECRET = 'canary'
  const { run } = aPlace()
  const env = { PATH, EMPTY: '', 'odd-name': 'ü "$(id)"\nsecond line' }
  const { output } = await run([process.execPath, fixture('report.mjs')], { env })
  delete process.env.SERVER_SECRET
  expect(JSON.parse(Buffer.from(output, 'latin1').toString()).env).toEqual(env)
})

test('bytes that are no text come through as they are', async () => {
  const { sh } = aPlace()
  const { output } = await sh(String.raw`printf '\000\377\200\303(\000end'`)
  expect(output).toBe('\0\xff\x80\xc3(\0end')
})

test('all output is read, however much there is when the command ends', async () => {
  const { run } = aPlace()
  const { output } = await run([process.execPath, fixture('flood.mjs'), '8'])
  expect(output).toHaveLength(8 * 2 ** 20 + 'the end'.length)
})

test('every run leaves no file open behind it, and pipes are used again', async () => {
  const { sh, directory } = aPlace()
  await sh('true')
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  for (let round = 0; round < 30; round += 1) await sh('echo x')
  await until(() => open() <= before, 'closing')
  expect(existsSync(join(directory, 'pipes', '17'))).toBe(false)
})

test('a background process does not delay the end, and is ended with its step', async () => {
  const { sh } = aPlace()
  const begun = performance.now()
  // Until it sleeps it has the name of the shell that it was begun by.
  const sleeps = 'until grep -q sleep /proc/$!/comm; do sleep 0.01; done'
  const ended = await sh(`sleep 300 & ${sleeps}; echo $!`)
  const pid = Number(ended.output)
  expect(performance.now() - begun).toBeLessThan(10_000)
  expect(ended).toMatchObject({ exitCode: 0, endedBy: null, outputHeld: false })
  expect(ended.leftovers).toBe(
    `this step left processes running: sleep (${pid}); they were ended ${KEEPABLE}`,
  )
  expect(isAlive(pid)).toBe(false)
})

test('what ends by itself right after the command is not ended, and not mentioned', async () => {
  const { sh } = aPlace()
  const ended = await sh('(sleep 0.03; echo late) & echo early')
  expect(ended).toMatchObject({ ...clean, exitCode: 0, output: 'early\nlate\n' })
})

test('a left process that ignores TERM gets KILL', async () => {
  const { sh } = aPlace()
  const ended = await sh(`sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' & sleep 0.3`)
  const [pid = 0] = ended.output.split('\n').map(Number)
  expect(ended.exitCode).toBe(0)
  expect(ended.leftovers).toMatch(/^this step left processes running: .*; they were ended \(/)
  expect(isAlive(pid)).toBe(false)
})

test('whoever leaves the group and holds the output delays the end for a bounded time', async () => {
  const { sh } = aPlace()
  const ended = await sh('setsid sleep 300 & echo $!; sleep 0.2')
  const pid = Number(ended.output)
  const held = waysNow().cgroups !== undefined
  expect(ended).toMatchObject({ exitCode: 0, outputHeld: !held })
  if (held) {
    expect(ended.leftovers).toBe(
      `this step left processes running: sleep (${pid}); they were ended ${KEEPABLE}`,
    )
    expect(isAlive(pid)).toBe(false)
    return
  }
  expect(ended).toMatchObject({ leftovers: null, loose: { since: expect.any(Number) } })
  expect(isAlive(pid)).toBe(true) // strays.ts finds it by its marker
  process.kill(pid)
})

test('a timeout ends the whole tree', async () => {
  const { start } = aPlace()
  const running = start(['sh', '-c', 'sleep 300 & echo $!; sh -c "echo \\$\\$; sleep 300"'], {
    timeoutMs: 2000,
  })
  const pids = await pidsOf(running.output, 2)
  const ended = await running.ended
  expect(ended).toMatchObject({ ...clean, exitCode: null, signal: 'SIGTERM', endedBy: 'timeout' })
  expect(pids.filter(isAlive)).toEqual([])
})

test.each<EndReason>(['cancel', 'stop'])('%s ends the whole tree', async (reason) => {
  const { start } = aPlace()
  const running = start(['sh', '-c', 'sleep 300 & echo $!; sleep 300'])
  const pids = await pidsOf(running.output)
  running.end(reason)
  running.end('timeout') // the first reason counts
  expect(await running.ended).toMatchObject({ signal: 'SIGTERM', endedBy: reason, killed: false })
  expect(pids.filter(isAlive)).toEqual([])
})

test('a command that ignores TERM gets KILL after the grace', async () => {
  const { start } = aPlace()
  const running = start(['sh', '-c', 'trap "" TERM; echo $$; while :; do sleep 0.1; done'])
  const pids = await pidsOf(running.output)
  running.end('cancel')
  expect(await running.ended).toMatchObject({
    signal: 'SIGKILL',
    endedBy: 'cancel',
    killed: true,
    leftovers: null,
  })
  expect(pids.filter(isAlive)).toEqual([])
})

test('a command may end in its own way when asked to', async () => {
  const { start } = aPlace()
  const running = start(['bash', '-c', 'trap "echo tidied; exit 3" TERM; echo; sleep 300 & wait'])
  await until(() => running.output() !== '')
  running.end('cancel')
  expect(await running.ended).toMatchObject({ exitCode: 3, signal: null, endedBy: 'cancel' })
  expect(running.output()).toBe('\ntidied\n')
})

test('a command that is ended before it starts is not started', async () => {
  const { start, directory } = aPlace()
  const running = start(['touch', join(directory, 'canary')])
  running.end('cancel')
  expect(await running.ended).toMatchObject({ exitCode: null, problem: null, endedBy: 'cancel' })
  expect(existsSync(join(directory, 'canary'))).toBe(false)
})

test('a timeout longer than timers can count does not fire at once', async () => {
  const { sh } = aPlace()
  expect(await sh('sleep 0.1', { timeoutMs: 30 * 24 * 3600 * 1000 })).toMatchObject({
    exitCode: 0,
    endedBy: null,
  })
})

test('twenty at a time do not mix', async () => {
  const { sh } = aPlace()
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) => sh(`echo ${index}; sleep 0.05; exit ${index}`)),
  )
  expect(all.map(({ exitCode }) => exitCode)).toEqual([...all.keys()])
  expect(all.map(({ output }) => output)).toEqual([...all.keys()].map((index) => `${index}\n`))
})

test('a command that is not there is a problem that says where was looked', async () => {
  const { run } = aPlace()
  expect(await run(['deploy-it'])).toMatchObject({
    exitCode: null,
    signal: null,
    problem: `command not found: deploy-it is in no directory of PATH (${PATH})`,
  })
})

test('each cause of a failed start has its own sentence', async () => {
  const { run, directory } = aPlace()
  const at = (name: string) => join(directory, name)
  const file = (name: string, text: string, mode = 0o755) => writeFileSync(at(name), text, { mode })
  file('plain', '#!/bin/sh\n', 0o644)
  file('typo', '#!/usr/bin/pyton -u\n')
  file('windows', '#!/bin/sh\r\necho\r\n')
  file('by-plain', `#!${at('plain')}\n`)
  mkdirSync(at('folder'))
  symlinkSync(at('nowhere'), at('dangling'))
  const problem = async (command: string, more = {}) => (await run([command], more)).problem

  expect(await problem('true', { workingDirectory: at('none') })).toBe(
    `working directory ${at('none')} does not exist. Create it, or correct "working-directory"`,
  )
  expect(await problem('true', { workingDirectory: at('plain') })).toBe(
    `working directory ${at('plain')} is not a directory`,
  )
  expect(await problem('./none.sh')).toBe(`command not found: there is no ${at('none.sh')}`)
  expect(await problem('./dangling')).toBe(`command not found: there is no ${at('dangling')}`)
  expect(await problem('./plain')).toBe(
    `${at('plain')} is not executable. Run: chmod +x ${at('plain')}`,
  )
  expect(await problem('plain', { env: { PATH: directory } })).toBe(
    `${at('plain')} is not executable. Run: chmod +x ${at('plain')}`,
  )
  expect(await problem('./folder')).toBe(`${at('folder')} is a directory, not a command`)
  expect(await problem('./typo')).toBe(
    `the first line of ${at('typo')} asks for /usr/bin/pyton, which does not exist. Install it, or correct that line`,
  )
  expect(await problem('./windows')).toBe(
    `the first line of ${at('windows')} ends with a carriage return, which becomes part of the interpreter's name. Save it with Unix line endings`,
  )
  expect(await problem('./by-plain')).toBe(
    `the first line of ${at('by-plain')} asks for ${at('plain')}, which is not executable`,
  )
  expect(await problem('true', { env: { PATH, X: 'x'.repeat(200_000) } })).toBe(
    'argument list too long: the arguments and environment of one command may not be larger than the system allows. Read large values from the file $HOOK_PAYLOAD instead',
  )
  expect(await problem('true', { env: { PATH, X: 'a\0' } })).toMatch(/^true could not be started: /)
})

test('after a failed start the next command runs', async () => {
  const { run, sh, directory } = aPlace()
  for (let round = 0; round < 20; round += 1) await run(['none'])
  expect((await sh('echo fine')).output).toBe('fine\n')
  expect(existsSync(join(directory, 'pipes', '17'))).toBe(false)
})

test('with no more files to open a start fails and says so, and works when there are some', async () => {
  const { directory } = aPlace()
  const line = 'ulimit -n 60; exec "$@"'
  const argv = [process.execPath, fixture('few-files.mjs'), join(directory, 'other-pipes')]
  const { stdout } = spawnSync('sh', ['-c', line, 'sh', ...argv])
  const problem =
    'too many files are open. Raise LimitNOFILE= of the service or "ulimit -n", or lower "max-parallel"'
  expect(JSON.parse(stdout.toString())).toEqual([0, problem, problem, 0])
})
