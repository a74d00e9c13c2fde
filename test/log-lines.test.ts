/** A log that cannot be written: its reader is slow or gone, its disk is full. The server goes on. */

import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LogLines } from '../src/log-lines.ts'
import { MAIN } from './running.ts'
import { aDirectory, until } from './some.ts'

const LOST = /(\d+) lines of the log were lost: nobody reads them/
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('lines of one turn are written together, in order', async () => {
  const path = join(aDirectory(), 'log')
  const fd = openSync(path, 'w')
  const out = new LogLines(fd)
  for (const line of ['one\n', 'two\n']) out.write(line)
  expect(readFileSync(path, 'utf8')).toBe('')
  await turn()
  out.write('three\n')
  out.writeLast()
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n')
  closeSync(fd)
})

test('a reader who is slow gets all lines, and what he misses is counted', async () => {
  const path = join(aDirectory(), 'fifo')
  spawnSync('mkfifo', [path])
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  onTestFinished(() => [readFd, fd].forEach((each) => void closeSync(each)))
  const out = new LogLines(fd)
  const line = `${'x'.repeat(999)}\n`
  for (let n = 0; n < 2000; n++) {
    out.write(line)
    if (n % 100 === 0) await turn()
  }
  const bytes = Buffer.alloc(65536)
  let text = ''
  await until(() => {
    try {
      text += bytes.toString('latin1', 0, readSync(readFd, bytes))
    } catch {
      // Empty now: EAGAIN.
    }
    const [, lost] = LOST.exec(text) ?? []
    const whole = text.split('\n').filter((each) => each === line.trimEnd()).length
    return lost !== undefined && Number(lost) > 500 && whole + Number(lost) === 2000
  }, 'all that was not lost')
  expect(
    text
      .trimEnd()
      .split('\n')
      .filter((each) => !LOST.test(each) && each !== line.trimEnd()),
  ).toEqual([])
})

test('a log that nobody reads any more does not hold up the server', async () => {
  const { url, child } = await aServerSaying('pipe')
  child.stdout?.destroy()
  for (let n = 0; n < 5; n++) expect((await fetch(url)).status).toBe(200)
  expect(child.exitCode).toBeNull()
})

test('nor does one whose disk is full', async () => {
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const { url, child } = await aServerSaying(full)
  for (let n = 0; n < 5; n++) expect((await fetch(url)).status).toBe(200)
  expect(child.exitCode).toBeNull()
})

async function aServerSaying(stdout: 'pipe' | number) {
  const directory = aDirectory()
  const hooks = { page: { url: '/page', on: 'get', auth: 'none', command: ['echo', 'here'] } }
  const config = join(directory, 'hooks.json')
  writeFileSync(config, JSON.stringify({ hooks }), { mode: 0o600 })
  const port = await aFreePort()
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', config, '--port', `${port}`], {
    cwd: directory,
    stdio: ['ignore', stdout, 'ignore'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  })
  const url = `http://127.0.0.1:${port}/page`
  await until(() => {
    expect(child.exitCode).toBeNull()
    return fetch(url).then(
      ({ status }) => status === 200,
      () => false,
    )
  }, 'its start')
  return { url, child }
}

function aFreePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
