/**
 * `runhook serve`: loads the hooks file, starts the server, reloads it on SIGHUP and on change, stops it
 * on SIGTERM and SIGINT. A broken file at the start is fatal; later it changes nothing and is told.
 */

import { resolve } from 'node:path'
import { takeHeldSockets } from '../activation.ts'
import { type ServerRole, serverRoles } from '../engine.ts'
import { RunhookError } from '../errors.ts'
import { EXPOSED_MEND, exposedSecrets, exposedText } from '../hooks/exposed.ts'
import { type Loaded, loadConfig } from '../hooks/load.ts'
import { createLog, type Log } from '../log.ts'
import type { Config, Role } from '../model/config.ts'
import { createNotifier } from '../notify.ts'
import { type Server, startServer } from '../server.ts'
import { firstConfig, inWords, shortPath, watchAndReload } from './reloading.ts'
import { stopSignal } from './stop-signal.ts'
import { statusLine, tellSystemd } from './systemd.ts'
import { thingsToTry } from './try.ts'

export interface ServeOptions {
  readonly config: string
  readonly data?: string
  readonly host?: string
  readonly port?: number
  /** What this process does of all that a fleet does; left out = everything. */
  readonly only?: readonly ServerRole[]
  readonly labels?: readonly string[]
  readonly name?: string
  /** A file: see WorkerOverrides. */
  readonly allow?: string
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
  const config = await firstConfig(file, first, options.config)
  checkRoles(config, options)
  const stop = stopSignal()
  const { only: roles = serverRoles } = options
  const starting = startServer(config, log, { sockets, roles, stopped: stop.signal })
  const server = await starting.catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
    log.info('    stopped before anything was served')
    return null
  })
  if (server === null) {
    notifier.close()
    return 0
  }
  stop.hurry = () => server.hurry()
  const systemd = tellSystemd(notifier, () => statusLine(server))
  const again = () => load(file, { ...options, try: false })
  const reloading = { file, first: config, load: again, user: server, log, systemd }
  const watcher = watchAndReload(first, reloading)
  warnOfExposed(config, log)
  announce(server, config, first, options) // last: whoever reads that it is ready may edit at once
  systemd.ready()
  const signal = await stop.asked
  watcher.close()
  systemd.stopping()
  log.info(`    ${signal}: ${goodbye(server, config)}`)
  await server.stop(config.server.drainMs)
  notifier.close()
  return 0
}

function load(file: string, options: ServeOptions): Promise<Loaded> {
  const { host, port, data, labels, name, allow } = options
  return loadConfig(file, {
    createSecrets: options.try === true,
    role: secretsFor(options.only ?? serverRoles),
    overrides: {
      ...(labels === undefined ? {} : { labels }),
      ...(name === undefined ? {} : { name }),
      ...(allow === undefined ? {} : { allow }),
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(data === undefined ? {} : { data: resolve(data) }),
    },
    environment: process.env,
  })
}

/** Secrets of deliveries are for who receives, those of commands for who runs them. */
function secretsFor(roles: readonly ServerRole[]): Role {
  if (!roles.includes('run')) return 'receiver'
  return roles.length === 1 ? 'worker' : 'all'
}

function checkRoles({ server }: Config, { only = serverRoles }: ServeOptions): void {
  const missing = serverRoles.filter((role) => !only.includes(role))
  if (server.database !== null || missing.length === 0) return
  throw new RunhookError(
    'usage',
    `--only ${only.join()} leaves ${missing.join(' and ')} to others, and the hooks file has no database in which they could meet.`,
    { hint: `In "server" of the hooks file add "database": "\${DATABASE_URL}".` },
  )
}

function announce(server: Server, config: Config, result: Loaded, options: ServeOptions): void {
  const count = inWords(config.hooks.size)
  const lines = [
    `> Ready on ${server.url}${server.held ? ' (socket from systemd)' : ''} with ${count} from ${shortPath(config.file)} (^C to quit)`,
  ]
  if (result.created.length > 0) {
    lines.push(`  Made fresh secrets in ${shortPath(result.envFile)}: ${result.created.join(', ')}`)
  }
  if (server.firstLink !== null) {
    lines.push('  The dashboard has no admin yet. Within 15 minutes this link makes one:')
    lines.push(`  ${server.firstLink}`)
  }
  if (options.try) lines.push(...thingsToTry(server.url, config, shortPath(result.envFile)))
  process.stdout.write(`${lines.join('\n')}\n`)
}

export function warnOfExposed(config: Config, log: Log): void {
  const names = exposedSecrets(config, process.env)
  if (names.length > 0) log.warn({ names }, `    ${exposedText(names)}; ${EXPOSED_MEND}`)
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
