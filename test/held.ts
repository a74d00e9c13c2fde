/** A runhook whose listening socket is held by another process, as systemd does: it can be restarted under it. */

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { MAIN } from './running.ts'
import { until } from './some.ts'

const HOLDER = resolve(dirname(fileURLToPath(import.meta.url)), 'held-socket.py')

export interface Held {
  /** Of a Unix socket: 0. */
  readonly port: number
  readonly output: () => string
  /** Resolves with the process id once it says that it is ready. */
  start(): Promise<number>
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number>
}

export async function aHeldRunhook(
  directory: string,
  file: object,
  where = 'tcp',
  env: NodeJS.ProcessEnv = {},
): Promise<Held> {
  const config = join(directory, 'hooks.json')
  writeFileSync(config, JSON.stringify(file), { mode: 0o600 })
  const program = [process.execPath, MAIN, 'serve', '--config', config]
  const holder = spawn('python3', [HOLDER, where, ...program], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = new Promise((done) => holder.once('exit', done))
  onTestFinished(async () => {
    holder.stdin.end()
    await ended
  })
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]()
  const answer = async () => Number((await lines.next()).value)
  const ask = (word: string) => {
    holder.stdin.write(`${word}\n`)
    return answer()
  }
  const port = await answer()
  return {
    port,
    output: () => output,
    async start() {
      const before = output.length
      const pid = await ask('start')
      await until(() => output.includes('Ready on', before), `the start:\n${output}`)
      return pid
    },
    stop: () => ask('stop'),
  }
}
