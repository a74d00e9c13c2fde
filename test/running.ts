/**
 * A real runhook: the built program as its own process, in a directory of its own, spoken to over HTTP
 * and through its command line.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { poster } from './receive/receiver.ts'
import { aDirectory, until } from './some.ts'

export const MAIN = resolve(dirname(fileURLToPath(import.meta.url)), '../dist/cli/main.js')

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** Runs the command line once, in `directory`. */
export function runhook(directory: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return new Promise<Ran>((done) => {
    const options = { cwd: directory, env: { ...bareEnvironment(), ...env }, timeout: 60_000 }
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0
      done({ code, stdout, stderr })
    })
  })
}

/** What a shell gives, without what the test runner adds (colours, CI). */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TZ } = process.env
  return { PATH, HOME, ...(TZ ? { TZ } : {}), LANG: 'C.UTF-8' }
}

export interface Running {
  readonly directory: string
  readonly port: number
  readonly child: ChildProcess
  readonly output: () => string
  readonly post: ReturnType<typeof poster>
  readonly cli: (...args: string[]) => Promise<Ran>
  /** Ends the server and resolves with its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

export interface Starting {
  readonly directory?: string
  readonly hooks?: Record<string, unknown>
  readonly file?: Record<string, unknown>
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** A program that starts the server in its own place, with its arguments: `strace -D …`. */
  readonly under?: readonly string[]
}

/** Starts it with these hooks on a free port and waits until it answers. */
export async function aRunhook(starting: Starting): Promise<Running> {
  const directory = starting.directory ?? aDirectory()
  const config = join(directory, 'hooks.json')
  mkdirSync(directory, { recursive: true })
  if (starting.hooks) {
    writeFileSync(config, JSON.stringify({ ...starting.file, hooks: starting.hooks }), {
      mode: 0o600,
    })
  }
  let output = ''
  const serve = [MAIN, 'serve', '--config', config, '--port', '0', ...(starting.args ?? [])]
  const [program = '', ...args] = [...(starting.under ?? []), process.execPath, ...serve]
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...bareEnvironment(), ...starting.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return exited
  }
  onTestFinished(() => stop('SIGKILL').then(() => undefined))
  const port = await until(() => {
    if (child.exitCode !== null) throw new Error(`runhook ended at its start:\n${output}`)
    return Number(/Ready on http:\/\/[^ ]*:(\d+)/.exec(output)?.[1] ?? 0)
  }, `runhook's start`)
  return {
    directory,
    port,
    child,
    output: () => output,
    post: poster(port),
    cli: (...given) => runhook(directory, given),
    stop,
  }
}
