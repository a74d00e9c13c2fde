/**
 * `runhook serve`: loads the hooks file, starts the server, reloads it on SIGHUP and on change, stops it
 * on SIGTERM and SIGINT. A broken file at the start is fatal; later it changes nothing and is told.
 */

import { readFile } from 'node:fs/promises'
import { basename, relative, resolve } from 'node:path'
import { takeHeldSockets } from '../activation.ts'
import { messageOf, RunhookError } from '../errors.ts'
import { EXPOSED_MEND, exposedSecrets, exposedText } from '../hooks/exposed.ts'
import { type Loaded, loadConfig } from '../hooks/load.ts'
import { renderProblems } from '../hooks/problems.ts'
import { watchConfig } from '../hooks/watch.ts'
import { createLog, type Log } from '../log.ts'
import type { Config } from '../model/config.ts'
import { createNotifier } from '../notify.ts'
import { type Server, startServer } from '../server.ts'
import { untilNextStart } from './next-start.ts'
import { type Told, tellSystemd } from './systemd.ts'
import { thingsToTry } from './try.ts'

export interface ServeOptions {
  readonly config: string
  readonly data?: string
  readonly host?: string
  readonly port?: number
  /** Make secrets that are missing, and print commands to try. */
  readonly try?: boolean
}

/** Resolves with the exit code once the server has stopped. */
export async function serve(options: ServeOptions): Promise<number> {
  const file = resolve(options.config)
  const log = createLog({ pretty: process.stdout.isTTY === true })
  const sockets = takeHeldSockets(process.env, process.pid)
  const notifier = createNotifier(process.env, process.pid, log)
  const first = await load(file, options)
  await report(file, first)
  if (!first.config) {
    throw new RunhookError('config', `${options.config} has mistakes; nothing was started.`)
  }
  const stop = stopSignal()
  const server = await startServer(first.config, log, sockets)
  stop.hurry = () => server.hurry()
  const systemd = tellSystemd(notifier, server)
  const watcher = watchAndReload(file, first, options, server, log, systemd)
  warnOfExposed(first.config, log)
  announce(server, first.config, first, options) // last: whoever reads that it is ready may edit at once
  systemd.ready()
  const signal = await stop.asked
  watcher.close()
  systemd.stopping()
  log.info(`    ${signal}: ${goodbye(server, first.config)}`)
  await server.stop(first.config.server.drainMs)
  notifier.close()
  return 0
}

function load(file: string, options: ServeOptions): Promise<Loaded> {
  const { host, port, data } = options
  return loadConfig(file, {
    createSecrets: options.try === true,
    overrides: {
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(data === undefined ? {} : { data: resolve(data) }),
    },
    environment: process.env,
  })
}

async function report(file: string, result: Loaded): Promise<void> {
  if (result.problems.length === 0) return
  const text = await readFile(file, 'utf8')
  const color = process.stderr.isTTY === true
  process.stderr.write(`${renderProblems(shortPath(file), text, result.problems, { color })}\n`)
}

function announce(server: Server, config: Config, result: Loaded, options: ServeOptions): void {
  const count = inWords(config.hooks.size)
  const lines = [
    `> Ready on ${server.url}${server.held ? ' (socket from systemd)' : ''} with ${count} from ${shortPath(config.file)} (^C to quit)`,
  ]
  if (result.created.length > 0) {
    lines.push(`  Made fresh secrets in ${shortPath(result.envFile)}: ${result.created.join(', ')}`)
  }
  if (options.try) lines.push(...thingsToTry(server.url, config, shortPath(result.envFile)))
  process.stdout.write(`${lines.join('\n')}\n`)
}

function inWords(hooks: number): string {
  return hooks === 1 ? '1 hook' : `${hooks} hooks`
}

function warnOfExposed(config: Config, log: Log): void {
  const names = exposedSecrets(config, process.env)
  if (names.length > 0) log.warn({ names }, `    ${exposedText(names)}; ${EXPOSED_MEND}`)
}

/** One reload at a time; a change that comes during one is seen by the next. */
function watchAndReload(
  file: string,
  first: Loaded,
  options: ServeOptions,
  server: Server,
  log: Log,
  systemd: Told,
): { close(): void } {
  let turn = Promise.resolve()
  let watcher = { close() {} }
  const watch = ({ files }: Loaded) => {
    watcher.close()
    watcher = watchConfig(files, reload)
  }
  let closed = false
  const reload = () => {
    if (closed) return
    turn = turn.then(async () => {
      systemd.reloading()
      const loaded = await reloadOnce(file, first, options, server, log)
      systemd.ready()
      if (loaded) watch(loaded) // it may name other secret files now
    })
  }
  watch(first)
  process.on('SIGHUP', reload)
  return {
    close() {
      closed = true // the handler stays: without one, a SIGHUP during the drain would end the process
      watcher.close()
    },
  }
}

async function reloadOnce(
  file: string,
  first: Loaded,
  options: ServeOptions,
  server: Server,
  log: Log,
): Promise<Loaded | null> {
  const name = basename(file)
  try {
    const result = await load(file, { ...options, try: false })
    await report(file, result)
    if (result.config) {
      await server.reload(result.config)
      const { hooks, server: written } = result.config
      const later = untilNextStart(first.config?.server ?? written, written)
      log.info({ hooks: hooks.size }, `    ${name} reloaded: ${inWords(hooks.size)}${later}`)
      return result
    }
    const errors = result.problems.filter((problem) => problem.severity === 'error')
    keepGoing(
      `${name} has ${errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`}; the one before it stays in use`,
      server,
      log,
    )
    return result
  } catch (error) {
    keepGoing(
      `${name} cannot be loaded: ${messageOf(error)} The one before it stays in use`,
      server,
      log,
    )
    return null
  }
}

function keepGoing(problem: string, server: Server, log: Log): void {
  server.configProblem(problem)
  log.error(`    ${problem}`)
}

/**
 * The first signal starts the stop, a second one cuts its patience short, a third ends the process. Heeded
 * before the server listens, so that none of them ends the process between a delivery and its answer.
 */
function stopSignal(): { asked: Promise<string>; hurry: () => void } {
  const { promise, resolve: ask } = Promise.withResolvers<string>()
  const stop = { asked: promise, hurry: () => {} }
  let count = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      count += 1
      if (count === 1) ask(signal)
      else if (count === 2) stop.hurry()
      else process.exit(130)
    })
  }
  return stop
}

/** What a stop waits for, and what it leaves for the next start. */
function goodbye(server: Server, config: Config): string {
  const { running, waiting } = server.status()
  const parts = [
    ...(running > 0 ? [`${running} running get ${seconds(config)} to end`] : []),
    ...(waiting > 0 ? [`${waiting} waiting stay for the next start`] : []),
  ]
  return parts.length > 0 ? parts.join('; ') : 'nothing runs, stopping'
}

function seconds(config: Config): string {
  return `${Math.round(config.server.drainMs / 1000)}s`
}

/** Relative to here where that is shorter. */
function shortPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}
