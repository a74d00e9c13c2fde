import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { StepRecord } from '../../src/model/run.ts'
import { KEEPABLE } from '../../src/run/process.ts'
import { aPush, noTerms, until } from '../some.ts'
import { aBench, fixture, isAlive, shell } from './runs.ts'
import { test, waysNow } from './ways.ts'

test('a run of several steps keeps the output, the time and the exit code of each', async () => {
  const { run } = aBench()
  const end = await run([shell('echo one'), shell('echo two >&2; echo more'), shell('true')])
  expect(end).toMatchObject({
    status: 'success',
    exitCode: 0,
    signal: null,
    reason: null,
    outputBytes: 13,
    outputCut: 0,
    text: 'one\ntwo\nmore\n',
  })
  const [one, two, three] = end.steps
  expect(one).toMatchObject({
    number: 1,
    title: 'echo one',
    exitCode: 0,
    outputFrom: 0,
    outputTo: 4,
  })
  expect(two).toMatchObject({ number: 2, exitCode: 0, outputFrom: 4, outputTo: 13 })
  expect(three).toMatchObject({ number: 3, title: 'true', outputFrom: 13, outputTo: 13 })
  for (const step of end.steps) expect(step.finishedAt).toBeGreaterThanOrEqual(step.startedAt)
})

test('the first step that fails ends the run, and its line is in the reason', async () => {
  const { run } = aBench()
  const end = await run([shell('echo start'), shell('echo bad; exit 3'), shell('echo never')])
  expect(end).toMatchObject({
    status: 'failure',
    exitCode: 3,
    reason: 'step 2 (echo bad; exit 3) failed with exit code 3',
    text: 'start\nbad\n',
  })
  expect(end.steps.map(({ exitCode }) => exitCode)).toEqual([0, 3])
})

test('a line ends at its first command that fails', async () => {
  const { run } = aBench()
  expect(await run([shell('false; echo never')])).toMatchObject({ status: 'failure', text: '' })
})

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
test.each([
  ['kill -SEGV $$', 'was ended by SIGSEGV'],
  [
    'kill -KILL $$',
    'was ended by SIGKILL, which runhook did not send; the system does when memory runs out',
  ],
  [
    'no-such-command',
    `failed with exit code 127: command not found: no-such-command is in no directory of PATH (${PATH})`,
  ],
  [
    '/etc/passwd',
    'failed with exit code 126: /etc/passwd is not executable. Run: chmod +x /etc/passwd',
  ],
  [
    "sh -c 'kill -TERM $$'; exit $?",
    'failed with exit code 143: a command in it was ended by SIGTERM',
  ],
] as [string, string][])('a step fails in words: %s', async ([line, reason]) => {
  const { run } = aBench()
  expect((await run([shell(line)])).reason).toBe(`step 1 (${line}) ${reason}`)
})

test('a long line is shortened in the reason and whole in the step', async () => {
  const { run } = aBench()
  const line = `exit 1 # ${'x'.repeat(100)}`
  const end = await run([shell(line)])
  expect(end.reason).toBe(`step 1 (exit 1 # ${'x'.repeat(51)}…) failed with exit code 1`)
  expect(end.steps[0]?.title).toBe(line)
})

test('a command that cannot start, or whose values cannot be given, fails with the reason', async () => {
  const { run, directory } = aBench()
  expect(await run([{ kind: 'command', argv: ['no-such-command', 'x'] }])).toMatchObject({
    status: 'failure',
    exitCode: null,
    reason: `step 1 (no-such-command x): command not found: no-such-command is in no directory of PATH (${PATH})`,
  })
  expect(await run([{ kind: 'command', argv: ['echo', '{{ tag }}'] }])).toMatchObject({
    status: 'failure',
    reason: 'step 1 (echo {{ tag }}): argument {{ tag }}: the delivery has no such value',
  })
  const workingDirectory = join(directory, 'none')
  expect(await run([shell('true')], { hook: { workingDirectory } })).toMatchObject({
    status: 'failure',
    reason: `step 1 (true): working directory ${workingDirectory} does not exist. Create it, or correct "working-directory"`,
  })
})

test('the environment of a run is this, and a secret of the server is not in it', async () => {
  process.env.SERVER_SECRET = 'canary'
  const { run, tools, directory } = aBench()
  const end = await run([{ kind: 'command', argv: [process.execPath, fixture('report.mjs')] }], {
    hook: { env: { MODE: 'live' } },
    run: { id: 42 },
  })
  delete process.env.SERVER_SECRET
  const { env, cwd } = JSON.parse(end.text)
  expect(end.text).not.toContain('canary')
  expect(cwd).toBe(directory)
  const fixed = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG']
  const happened = Object.keys(env).filter((name) => name.startsWith('HOOK_'))
  expect(happened).toHaveLength(19)
  const others = [...(process.env.TZ ? ['TZ'] : []), 'MODE', 'RUNHOOK_RUN']
  expect(new Set(Object.keys(env))).toEqual(new Set([...fixed, ...happened, ...others]))
  expect(env).toMatchObject({ PATH, LANG: 'C.UTF-8', MODE: 'live', HOOK_RUN: '42' })
  expect(env.RUNHOOK_RUN).toBe(`${tools.token}:42`)
})

test('the payload file has the exact bytes, is private, and is gone after the run', async () => {
  const { run, directory } = aBench()
  const body = Buffer.from([0, 255, 10, 13, 0xc3])
  const end = await run([shell('stat -c %a "$HOOK_PAYLOAD"; base64 "$HOOK_PAYLOAD"')], {
    delivery: { body },
  })
  expect(end.text).toBe(`600\n${body.toString('base64')}\n`)
  expect(statSync(join(directory, 'payloads')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(directory, 'payloads'))).toEqual(['free-1']) // used again, under another name
})

test('payloads of any length follow each other in one file, each exact', async () => {
  const { run, directory } = aBench()
  for (const length of [5, 5000, 0, 70, 300_000, 70, 71]) {
    const body = Buffer.alloc(length, 'x')
    const copy = join(directory, 'copy')
    await run([shell(`cat "$HOOK_PAYLOAD" >${copy}`)], { delivery: { body } })
    expect(readFileSync(copy).equals(body), `${length} bytes`).toBe(true)
  }
})

test('of a form the payload file has the JSON that is in it', async () => {
  const { run } = aBench()
  const json = '{"ref":"refs/heads/main","text":"ä & = +"}'
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const body = Buffer.from(new URLSearchParams({ payload: json }).toString())
  const steps = [
    shell('cat "$HOOK_PAYLOAD"; echo'),
    { kind: 'command', argv: ['echo', '{{ payload.text }}'] },
  ] as const
  expect((await run(steps, { delivery: { headers, body } })).text).toBe(`${json}\nä & = +\n`)
})

test('a run that goes on for too long is ended with its whole tree', async () => {
  const { run } = aBench()
  const end = await run([shell('echo $$; sleep 300 & sleep 300')], { hook: { timeoutMs: 1000 } })
  expect(end).toMatchObject({
    status: 'timed_out',
    exitCode: null,
    signal: 'SIGTERM',
    reason: 'still running after 1s: sent TERM to its processes',
  })
  expect(isAlive(Number(end.text))).toBe(false)
})

test('the reason says KILL only when KILL was sent', async () => {
  const { run } = aBench()
  const end = await run([shell('trap "" TERM; while :; do sleep 0.1; done')], {
    hook: { timeoutMs: 1000 },
  })
  expect(end).toMatchObject({
    status: 'timed_out',
    signal: 'SIGKILL',
    reason: 'still running after 1s: sent TERM to its processes, then KILL 300ms later',
  })
})

test('the timeout is for the whole run, not for each step', async () => {
  const { run } = aBench()
  const steps = [shell('sleep 0.3'), shell('sleep 0.3'), shell('sleep 300'), shell('echo never')]
  const end = await run(steps, { hook: { timeoutMs: 1000 } })
  expect(end).toMatchObject({ status: 'timed_out', text: '' })
  expect(end.steps).toHaveLength(3)
})

test('timeout(1) makes a group of its own, and is ended all the same', async () => {
  const { run } = aBench()
  const end = await run([shell('timeout 300 sh -c "echo \\$\\$; sleep 300"')], {
    hook: { timeoutMs: 300 },
  })
  expect(end.status).toBe('timed_out')
  const [pid] = end.text.split('\n')
  if (!waysNow().cgroups)
    expect(end.text).toMatch(
      /\[runhook: ended processes that had left the step's group: [\d, ]+\]\n$/,
    )
  expect(isAlive(Number(pid))).toBe(false)
})

test('what left its group and holds the output is ended after the command, and that is said', async () => {
  const { run } = aBench()
  const end = await run([shell('setsid sleep 300 & printf %s $!; sleep 0.2')])
  const pid = Number.parseInt(end.text, 10)
  expect(end).toMatchObject({ status: 'success', exitCode: 0, reason: null })
  expect(end.text).toBe(`${pid}\n${leftNote(pid)}`)
  expect(isAlive(pid)).toBe(false)
})

const daemon = 'setsid sleep 300 > /dev/null 2>&1 & echo $!; sleep 0.2'

/** In the words of the way: found in the control group, or by the marker. */
function leftNote(pid: number): string {
  return waysNow().cgroups
    ? `[runhook: this step left processes running: sleep (${pid}); they were ended ${KEEPABLE}]\n`
    : `[runhook: ended processes that had left the step's group: ${pid} ${KEEPABLE}]\n`
}

test('a daemon with a session and outputs of its own is ended with its step, and that is said', async () => {
  const { run } = aBench()
  const end = await run([shell(daemon)])
  const pid = Number.parseInt(end.text, 10)
  expect(end).toMatchObject({ status: 'success', text: `${pid}\n${leftNote(pid)}` })
  expect(isAlive(pid)).toBe(false)
})

const keeping = { terms: { ...noTerms, leftovers: 'keep' } } as const

test('with "leftovers": "keep" daemons outlive the run, and do not hold it up', async () => {
  const { run } = aBench()
  const begun = performance.now()
  const end = await run([shell(daemon), shell('sleep 300 & echo $!')], { hook: keeping })
  const pids = [...end.text.matchAll(/^\d+$/gm)].map(Number)
  expect(end.status).toBe('success')
  expect(end.text).toContain(`sleep (${pids[1]}); its hook lets them live]`)
  expect(performance.now() - begun).toBeLessThan(10_000)
  expect(pids.map(isAlive)).toEqual([true, true])
  expect((await run([shell('echo next')])).text).toBe('next\n')
  expect(pids.map(isAlive)).toEqual([true, true])
  for (const pid of pids) process.kill(pid)
})

test('with "leftovers": "keep" a timeout ends the daemons of earlier steps too', async () => {
  const { run } = aBench()
  const hook = { ...keeping, timeoutMs: 1500 }
  const end = await run([shell(daemon), shell('sleep 300')], { hook })
  expect(end.status).toBe('timed_out')
  const pid = Number.parseInt(end.text, 10)
  expect(isAlive(pid)).toBe(false)
})

/** Until then it has the name of the shell that it was begun by. */
const untilItSleeps = 'until grep -q sleep /proc/$!/comm; do sleep 0.01; done'

test('a background process that is left behind is ended and named in the output', async () => {
  const { run } = aBench()
  const end = await run([shell(`sleep 300 & ${untilItSleeps}; echo $!`), shell('echo next')])
  const [pid] = end.text.split('\n')
  expect(end.text).toBe(
    `${pid}\n[runhook: this step left processes running: sleep (${pid}); they were ended ${KEEPABLE}]\nnext\n`,
  )
  expect(end.status).toBe('success')
  expect(isAlive(Number(pid))).toBe(false)
})

test('a cancelled run ends with the reason it was given, and starts no further step', async () => {
  const { run, output } = aBench()
  const controller = new AbortController()
  const running = run([shell('echo started; sleep 300'), shell('echo never')], {
    signal: controller.signal,
  })
  await until(async () => (await output.read(1, 0, 10)).length > 0)
  controller.abort('cancel:superseded by run 143')
  expect(await running).toMatchObject({
    status: 'cancelled',
    signal: 'SIGTERM',
    reason: 'superseded by run 143',
    text: 'started\n',
  })
})

test('a run that the stop of the server ends is interrupted', async () => {
  const { run, output } = aBench()
  const controller = new AbortController()
  const line = 'trap "" TERM; echo; while :; do sleep 0.1; done'
  const running = run([shell(line)], { signal: controller.signal })
  await until(async () => (await output.read(1, 0, 10)).length > 0)
  controller.abort('stop')
  expect(await running).toMatchObject({
    status: 'interrupted',
    signal: 'SIGKILL',
    reason:
      'the server was stopped while it was running; its processes ignored TERM for 300ms and got KILL',
  })
})

test('a run that is cancelled before it starts leaves no output file', async () => {
  const { run, output } = aBench()
  const end = await run([shell('true')], { signal: AbortSignal.abort('cancel:by ada') })
  expect(end).toMatchObject({ status: 'cancelled', reason: 'by ada', steps: [] })
  expect(output.exists(1)).toBe(false)
})

test('steps are reported as they go', async () => {
  const { run } = aBench()
  const seen: [number, boolean][] = []
  const onStep = (step: StepRecord) => seen.push([step.number, step.finishedAt !== null])
  await run([shell('true'), shell('false')], { onStep })
  expect(seen).toEqual([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ])
})

test('a run that prints nothing has no output file', async () => {
  const { run, output } = aBench()
  expect(await run([shell('true')])).toMatchObject({ status: 'success', outputBytes: 0 })
  expect(output.exists(1)).toBe(false)
  expect(await output.read(1, 0, 100)).toHaveLength(0)
})

test('a signal step tells whom it signalled, or fails with the reason', async () => {
  const { run, directory } = aBench()
  const pidfile = join(directory, 'app.pid')
  const step = { kind: 'signal', signal: 'SIGHUP', pidfile } as const
  expect(await run([shell('echo before'), step])).toMatchObject({
    status: 'failure',
    reason: `step 2 (signal HUP to ${pidfile}): there is no pid file ${pidfile}. Is the service running?`,
  })
  const end = await run(
    [shell(`setsid sleep 300 > /dev/null 2>&1 & echo $! > ${pidfile}; sleep 0.1`), step],
    { hook: keeping },
  )
  const pid = Number(readFileSync(pidfile, 'utf8'))
  expect(end).toMatchObject({
    status: 'success',
    text: expect.stringContaining(`sent HUP to process ${pid} (sleep 300)\n`),
  })
  await until(() => !isAlive(pid))
})

test('64 MiB without a newline keep their ends, and the memory of the server', async () => {
  const { run, output } = aBench()
  const before = process.memoryUsage.rss()
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 5)
  const flood = [process.execPath, fixture('flood.mjs'), '64'] as const
  const end = await run([shell('echo first'), { kind: 'command', argv: flood }, shell('echo last')])
  clearInterval(watch)
  expect(end).toMatchObject({ status: 'success', outputBytes: 64 * 2 ** 20 + 6 + 7 + 5 })
  expect(end.text.startsWith('first\nxxx')).toBe(true)
  expect(end.text.endsWith('xxxthe endlast\n')).toBe(true)
  expect(end.text).toMatch(
    /^\[runhook: [\d,]+ bytes cut here; the first 1 MiB and the last 3 MiB are kept\]$/m,
  )
  expect(statSync(output.path(1)).size).toBeLessThan(4.1 * 2 ** 20)
  expect(peak - before).toBeLessThan(150 * 2 ** 20)
  const section = async (step: StepRecord | undefined) => {
    const from = step?.outputFrom ?? 0
    return Buffer.from(await output.read(1, from, (step?.outputTo ?? 0) - from)).toString()
  }
  expect(await section(end.steps[0])).toBe('first\n')
  expect(await section(end.steps[2])).toBe('last\n')
  expect((await section(end.steps[1])).length).toBeGreaterThan(4 * 2 ** 20 - 70_000)
}, 60_000)

test('a command that prints without end is read slowly, and ended in time', async () => {
  const { run } = aBench()
  const end = await run([{ kind: 'command', argv: ['yes'] }], { hook: { timeoutMs: 3000 } })
  expect(end.status).toBe('timed_out')
  expect(end.outputBytes).toBeGreaterThan(100)
  expect(end.outputBytes).toBeLessThan((256 + 3 * 16 + 64) * 2 ** 20)
  expect(end.outputBytes - end.outputCut).toBeLessThanOrEqual(4 * 2 ** 20 + 3)
}, 60_000)

test('when no output file can be made the command runs all the same, and the loss is told', async () => {
  const { run, directory } = aBench()
  writeFileSync(join(directory, 'output'), 'in the way')
  const end = await run([shell('touch canary; echo lost')])
  expect(end).toMatchObject({ status: 'success', exitCode: 0, outputBytes: 5, outputCut: 5 })
  expect(end.reason).toMatch(
    /^output after its first 0 bytes was lost: cannot create .*\/output\/0\/1\.log: ENOTDIR/,
  )
  expect(existsSync(join(directory, 'canary'))).toBe(true)
})

test('a payload that cannot be written fails the run before any command', async () => {
  const { run, directory } = aBench()
  writeFileSync(join(directory, 'payloads'), 'in the way')
  const end = await run([shell('touch canary')])
  expect(end.status).toBe('failure')
  expect(end.reason).toMatch(/^nothing was run: the payload could not be written: ENOTDIR/)
  expect(existsSync(join(directory, 'canary'))).toBe(false)
})

test('values of the delivery are there by name', async () => {
  const { run } = aBench()
  const line = 'set -u; echo "$HOOK_REPO $HOOK_BRANCH [$HOOK_TAG] $HOOK_SENDER $HOOK_RUN_URL"'
  const end = await run([shell(line)], { delivery: { updates: [aPush('feature/x')] } })
  expect(end.text).toBe('acme/site feature/x [] ada https://deploy.example.com/-/runs/1\n')
})

test('a command that spoils its payload file spoils no other run', async () => {
  const { run } = aBench()
  const keep = 'ln "$HOOK_PAYLOAD" kept; chmod 400 "$HOOK_PAYLOAD"'
  expect(await run([shell(keep)], { delivery: { body: Buffer.from('one') } })).toMatchObject({
    status: 'success',
  })
  const folder = 'rm -f "$HOOK_PAYLOAD"; mkdir "$HOOK_PAYLOAD"'
  expect(await run([shell(folder)])).toMatchObject({ status: 'success' })
  const look = 'cat "$HOOK_PAYLOAD"; cat kept'
  expect(await run([shell(look)], { delivery: { body: Buffer.from('two') } })).toMatchObject({
    status: 'success',
    text: 'twoone',
  })
})
