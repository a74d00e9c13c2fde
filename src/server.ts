/**
 * The one place where the parts meet: what is constructed, in which order it starts, how a new config
 * replaces an old one, and how it stops without losing anything.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type AppOptions, appsOf } from './apps.ts'
import { currentOf, textsToKeep } from './current.ts'
import { dashboardUrl, firstLink } from './dashboard.ts'
import { openDistributed } from './distributed.ts'
import { openEmbedded } from './embedded.ts'
import { serverRoles } from './engine.ts'
import { type Front, openFront } from './front.ts'
import { close, type Fetch, listenLocally } from './listen.ts'
import type { Log } from './log.ts'
import type { Config } from './model/config.ts'
import type { ServerStatus } from './show/control.ts'

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:9000`. */
  readonly url: string
  /** True when it listens on sockets that another process keeps open. */
  readonly held: boolean
  /** Where people look at what happened; null = nowhere. */
  readonly dashboard: string | null
  /** Lets the first admin in, once; null when there is a user already. */
  readonly firstLink: string | null
  readonly status: () => ServerStatus
  /** Replaces the config in one step. Settings under `server` count from the next start. */
  reload(config: Config): Promise<void>
  /**
   * Says that the file on disk is broken and the one before it stays; a reload takes that back. `mistakes` are
   * shown to who may change something, so they must hold no secret.
   */
  configProblem(problem: string, mistakes?: string | null): void
  /** Ends what a stop still waits for, now. */
  hurry(): void
  /**
   * Starts nothing more, lets runs end for `drainMs` and ends what is left. Meanwhile deliveries are still
   * stored, for the next process to run. Then answers what was accepted, and closes the database.
   */
  stop(drainMs: number): Promise<void>
}

export interface StartOptions extends AppOptions {
  /** Listened on instead of where the config says, where there are any. */
  readonly sockets?: readonly number[]
  /** Gives up waiting for a database that is away. */
  readonly stopped?: AbortSignal
}

/**
 * Listens, when what is to be stored can be. Rejects with a RunhookError when the data directory or the address
 * cannot be had.
 */
export async function startServer(
  config: Config,
  log: Log,
  options: StartOptions = {},
): Promise<Server> {
  const { sockets = [], roles = serverRoles, stopped = new AbortController().signal } = options
  const current = currentOf(config)
  const { data, database } = config.server
  const socket = join(data, 'runhook.sock')
  const engine =
    database === null
      ? await openEmbedded(current, log)
      : await openDistributed(database, current, log, roles, stopped)
  await engine.store.keepConfig(textsToKeep(current))
  const { web, aside, local, setUrl, status, giveUp } = appsOf(current, engine, options, log)
  const front = await openFront(web, config.server, sockets)
  const side = await openAside(aside, config)
  const dashboard = dashboardUrl(config.server, (side ?? front).url)
  setUrl(front.url, dashboard)
  await listenLocally(local, socket, log)
  engine.start()
  const accounts = roles.includes('show') ? engine.accounts : undefined
  return {
    url: front.url,
    held: front.held,
    dashboard: accounts ? dashboard : null,
    firstLink: await firstLink(accounts, dashboard, log),
    status,
    async reload(next) {
      const replacement = currentOf(next)
      await engine.store.keepConfig(textsToKeep(replacement))
      engine.reloaded(next)
      Object.assign(current, replacement)
    },
    configProblem(problem, mistakes = null) {
      Object.assign(current, { problem, mistakes })
    },
    hurry: () => engine.hurry(),
    async stop(drainMs) {
      await engine.drain(drainMs)
      giveUp()
      await Promise.all([front.stop(), side?.stop()])
      const left = close(local) // kept until here: the command line shows what still runs, and ends it
      local.closeAllConnections()
      await left
      await engine.close()
      rmSync(socket, { force: true })
    },
  }
}

/** The dashboard and the API at an address of their own. */
async function openAside(fetch: Fetch | null, { server }: Config): Promise<Front | null> {
  const { listen } = server.dashboard ?? {}
  return fetch && listen ? openFront(fetch, listen, []) : null
}
