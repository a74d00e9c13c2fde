import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sendSignal } from '../../src/run/signal.ts'
import { testUnless } from '../needs.ts'
import { aDirectory } from '../some.ts'

const linux = testUnless(process.platform === 'linux' ? null : 'this is not Linux')
const root = testUnless(process.getuid?.() === 0 ? null : 'this is not root')

function aPidFile(content: string | number) {
  const pidfile = join(aDirectory(), 'app.pid')
  writeFileSync(pidfile, String(content))
  return { pidfile, send: () => sendSignal({ kind: 'signal', signal: 'SIGHUP', pidfile }) }
}

async function aService(...argv: [string, ...string[]]): Promise<ChildProcess & { pid: number }> {
  const [command, ...rest] = argv
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.once('spawn', resolve))
  const { pid } = child
  if (pid === undefined) throw new Error('it did not start')
  return Object.assign(child, { pid })
}

linux('the signal reaches the process of the pid file, and the text says which one', async () => {
  const service = await aService('sleep', '300')
  const exit = new Promise((resolve) => service.once('exit', (_, signal) => resolve(signal)))
  const { send } = aPidFile(`${service.pid}\n`)
  expect(send()).toEqual({ text: `sent HUP to process ${service.pid} (sleep 300)` })
  expect(await exit).toBe('SIGHUP')
})

test('a signal may be written without SIG', async () => {
  const service = await aService('sleep', '300')
  const { pidfile } = aPidFile(service.pid)
  expect(sendSignal({ kind: 'signal', signal: 'USR1', pidfile })).toHaveProperty('text')
})

test('of a pid file with more lines the first counts', async () => {
  const service = await aService('sleep', '300')
  const { send } = aPidFile(` ${service.pid} \n/var/lib/app\n5432\n`)
  expect(send()).toHaveProperty('text')
})

test.each([
  ['', 'is empty. Is the service still starting?'],
  ['\n', 'is empty. Is the service still starting?'],
  ['gunicorn', 'does not hold a process id'],
  ['12 34', 'does not hold a process id'],
  ['0x10', 'does not hold a process id'],
  ['99999999999999', 'does not hold a process id'],
  ['0', 'holds 0, which is not the process of a service'],
  ['1', 'holds 1, which is not the process of a service'],
  ['-1', 'holds -1, which is not the process of a service'],
  ['-812', 'holds -812, which is not the process of a service'],
  [String(process.pid), 'holds the process id of runhook itself'],
])('a pid file with %j is refused', (content, problem) => {
  const { pidfile, send } = aPidFile(content)
  expect(send()).toEqual({ problem: `pid file ${pidfile} ${problem}` })
})

test('a pid file that is missing, a folder, or far too long is refused', () => {
  const directory = aDirectory()
  const at = (name: string) =>
    sendSignal({ kind: 'signal', signal: 'SIGHUP', pidfile: join(directory, name) })
  mkdirSync(join(directory, 'folder'))
  writeFileSync(join(directory, 'long'), '1'.repeat(5000))
  expect(at('none')).toEqual({
    problem: `there is no pid file ${directory}/none. Is the service running?`,
  })
  expect(at('folder')).toEqual({ problem: `pid file ${directory}/folder is not a file` })
  expect(at('long')).toEqual({
    problem: `pid file ${directory}/long holds more than a process id`,
  })
})

test('a pid file whose process is gone is stale', () => {
  const { pid } = spawnSync('true')
  const { pidfile, send } = aPidFile(pid)
  expect(send()).toEqual({ problem: `pid file ${pidfile} is stale: there is no process ${pid}` })
})

linux('a process that has ended and was not collected is not signalled', async () => {
  const parent = await aService('sh', '-c', 'sleep 0 & echo $!; exec sleep 300')
  const pid = await new Promise((resolve) => parent.stdout?.once('data', resolve))
  await new Promise((resolve) => setTimeout(resolve, 200))
  const { pidfile, send } = aPidFile(Number(String(pid)))
  const problem = `pid file ${pidfile} is stale: process ${Number(String(pid))} (sleep) has ended`
  expect(send()).toEqual({ problem })
})

linux('a process that started after the pid file was written is somebody else', async () => {
  const service = await aService('sleep', '300')
  const { pidfile, send } = aPidFile(service.pid)
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(pidfile, hourAgo, hourAgo)
  expect(send()).toEqual({
    problem: `pid file ${pidfile} is stale: process ${service.pid} (sleep 300) started after it was written and must be another one`,
  })
  expect(service.exitCode).toBe(null)
})

root('a process of another user is refused with both users named', async () => {
  const service = await aService('sleep', '300')
  const { pidfile } = aPidFile(service.pid)
  const script = `
    const { sendSignal } = await import(${JSON.stringify(new URL('../../src/run/signal.ts', import.meta.url))})
    process.setuid(65534)
    console.log(JSON.stringify(sendSignal({ kind: 'signal', signal: 'SIGHUP', pidfile: ${JSON.stringify(pidfile)} })))`
  spawnSync('chmod', ['-R', 'a+rX', join(pidfile, '..')])
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  expect(JSON.parse(stdout.toString())).toEqual({
    problem: `process ${service.pid} (sleep 300) runs as user 0, and runhook, which runs as user 65534, may not signal it`,
  })
})
