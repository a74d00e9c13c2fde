import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { accountsHere, userNamed } from '../../src/hooks/users.ts'
import type { Hook, Step, Terms } from '../../src/model/hook.ts'
import { testUnless } from '../needs.ts'
import { noTerms } from '../some.ts'
import { aBench, isAlive, shell } from './runs.ts'
import { test as inAllWays } from './ways.ts'

const isRoot = process.getuid?.() === 0
testUnless(isRoot ? null : 'this is not root')('root can become others', () => {
  expect(isRoot).toBe(true)
})
const test: typeof inAllWays = isRoot ? inAllWays : Object.assign(() => undefined, inAllWays)

const ada = userNamed('nobody', accountsHere())

/** A bench whose hooks run as somebody else, in a home that is closed to all but that user. */
function aBenchFor(terms: Partial<Terms> = {}) {
  if (ada === null) throw new Error('there is no user nobody')
  const bench = aBench()
  chmodSync(bench.directory, 0o755)
  const home = join(bench.directory, 'home')
  mkdirSync(home, { mode: 0o700 })
  chownSync(home, ada.uid, ada.gid)
  const user = { ...ada, home, shell: '/bin/bash' }
  const hook: Partial<Hook> = {
    workingDirectory: home,
    terms: { ...noTerms, user, ...terms },
  }
  const run = (line: string, more: Partial<Hook> = {}) =>
    bench.run([shell(line)], { hook: { ...hook, ...more } })
  const runSteps = (steps: readonly Step[]) => bench.run(steps, { hook })
  return { ...bench, home, user, run, runSteps, hook }
}

test('a command runs as its user, with its groups, home and shell, where only it may be', async () => {
  const { run, home, user } = aBenchFor()
  const end = await run(
    'id -un; id -g; id -Gn; echo $HOME $USER $LOGNAME $SHELL; pwd; touch mine; cat /proc/self/status | grep CapEff',
  )
  expect(end).toMatchObject({ status: 'success', reason: null })
  const groups = spawnSync('id', ['-Gn', user.name]).stdout.toString()
  expect(end.text).toBe(
    `${user.name}\n${user.gid}\n${groups}${home} ${user.name} ${user.name} /bin/bash\n${home}\nCapEff:\t0000000000000000\n`,
  )
  expect(statSync(join(home, 'mine')).uid).toBe(user.uid)
})

test('another user can open its outputs by name, and read the payload that nobody else can', async () => {
  const { run, user } = aBenchFor()
  const end = await run(
    'echo out > /dev/stdout; echo err > /dev/stderr; stat -c "%U %a" "$HOOK_PAYLOAD"; cat "$HOOK_PAYLOAD"; echo; ls "$(dirname "$HOOK_PAYLOAD")" || echo unlisted; echo "$HOOK_PAYLOAD"',
  )
  const lines = end.text.split('\n')
  expect(lines.slice(0, 3)).toEqual(['out', 'err', `${user.name} 600`])
  expect(lines[3]).toMatch(/^{"of"/)
  expect(lines).toContain('unlisted')
  const path = lines.at(-2) ?? ''
  expect(existsSync(path)).toBe(false)
  expect(existsSync(dirname(path))).toBe(false)
})

test('the processes of another user are ended like any', async () => {
  const { run } = aBenchFor()
  const end = await run(
    'trap "" TERM; setsid sleep 300 & echo $!; sleep 300 & echo $!; sleep 0.2; sleep 300',
    { timeoutMs: 1000 },
  )
  expect(end.status).toBe('timed_out')
  const pids = [...end.text.matchAll(/^\d+$/gm)].map(Number)
  expect(pids).toHaveLength(2)
  expect(pids.filter(isAlive)).toEqual([])
})

test('umask, niceness and limits are what the hook says', async () => {
  const { run } = aBench()
  const terms: Terms = {
    ...noTerms,
    umask: 0o027,
    nice: 7,
    limits: { memory: 512 * 2 ** 20, pids: 200, openFiles: 77 },
  }
  const end = await run([shell('umask; nice; ulimit -n; cat /proc/self/limits')], {
    hook: { terms },
  })
  expect(end.text).toMatch(/^0027\n7\n77\n/)
  expect(end.text).toMatch(/^Max address space +536870912 +536870912 /m)
  expect(end.text).toMatch(/^Max processes +200 +200 /m)
})

test('a folder that its user may not enter is the reason, and whose it is', async () => {
  const { run, directory, user } = aBenchFor()
  const closed = join(directory, 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const end = await run('true', { workingDirectory: closed })
  expect(end).toMatchObject({
    status: 'failure',
    reason: `step 1 (true): working directory ${closed} may not be entered by ${user.name}: it belongs to root, mode 0700`,
  })
})

test('a program that its user may not run is the reason', async () => {
  const { bench } = { bench: aBenchFor() }
  const script = join(bench.directory, 'deploy.sh')
  writeFileSync(script, '#!/bin/sh\necho ran\n', { mode: 0o700 })
  const step = { kind: 'command', argv: [script] } as const
  const { user } = bench
  const end = await aBench().run([step], { hook: bench.hook })
  expect(end.reason).toBe(
    `step 1 (${script.slice(0, 60)}${script.length > 60 ? '…' : ''}): ${script} may not be run by ${user.name}: it belongs to root, mode 0700`,
  )
  expect(readFileSync(script, 'utf8')).toContain('ran')
})

test('a signal step reaches only processes of its user', async () => {
  const bench = aBenchFor()
  const pidfile = join(bench.home, 'app.pid')
  const step = { kind: 'signal', signal: 'SIGHUP', pidfile } as const
  const child = spawn('sleep', ['300'])
  onTestFinished(() => void child.kill('SIGKILL'))
  writeFileSync(pidfile, `${child.pid}\n`)
  const end = await bench.runSteps([step])
  expect(end.reason).toContain(
    `process ${child.pid} (sleep 300) runs as user 0, and this hook as nobody, who may not signal it`,
  )
  const own = `sleep 300 & echo $! > app.pid`
  const terms: Partial<Terms> = { leftovers: 'keep' }
  const kept = aBenchFor(terms)
  const at = join(kept.home, 'app.pid')
  expect(await kept.runSteps([shell(own), { ...step, pidfile: at }])).toMatchObject({
    status: 'success',
  })
})

test('what cannot be seen to start is never started with the rights of the server', async () => {
  const { runSteps, home, user } = aBenchFor()
  const script = join(home, 'deploy')
  writeFileSync(script, 'id -u\n') // no first line that names a shell: execvp(3) gives it to one
  chmodSync(script, 0o755)
  const { text } = await runSteps([{ kind: 'command', argv: [script] }])
  expect(text).not.toContain('0\n')
  expect(text.trim()).toBe(String(user.uid))
})
