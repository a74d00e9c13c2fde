/**
 * The one place where the parts meet: what is constructed, in which order it starts, how a new config
 * replaces an old one, and how it stops without losing anything.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { createVisit } from './access/visit.ts'
import { callersOf } from './callers.ts'
import { controlOf } from './control.ts'
import { type Current, currentOf, textsToKeep } from './current.ts'
import { accessOf, dashboardApp, dashboardUrl, firstLink } from './dashboard.ts'
import { openDistributed } from './distributed.ts'
import { openEmbedded } from './embedded.ts'
import { type Engine, type ServerRole, serverRoles } from './engine.ts'
import { messageOf, RunhookError } from './errors.ts'
import { type Front, openFront } from './front.ts'
import { close, type Fetch, listenLocally, serverFor } from './listen.ts'
import type { Log } from './log.ts'
import type { Config } from './model/config.ts'
import { receiveApp } from './receive/app.ts'
import { createReceive } from './receive/receive.ts'
import { createRedeliver } from './receive/redeliver.ts'
import type { Dispatcher } from './record/dispatcher.ts'
import { type Admit, admitLocal, admitTokens } from './show/admission.ts'
import { admitVisitors } from './show/admit-visitors.ts'
import { createApi } from './show/api.ts'
import type { Control, ServerStatus } from './show/control.ts'
import { version } from './version.ts'

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
  /** Says that the file on disk is broken and the one before it stays; a reload takes that back. */
  configProblem(problem: string): void
  /** Ends what a stop still waits for, now. */
  hurry(): void
  /**
   * Starts nothing more, lets runs end for `drainMs` and ends what is left. Meanwhile deliveries are still
   * stored, for the next process to run. Then answers what was accepted, and closes the database.
   */
  stop(drainMs: number): Promise<void>
}

export interface StartOptions {
  /** Listened on instead of where the config says, where there are any. */
  readonly sockets?: readonly number[]
  /** What it does; without a database it does all. */
  readonly roles?: readonly ServerRole[]
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
  const { web, aside, local, setUrl, status, giveUp } = appsOf(current, engine, roles, log)
  const front = await openFront(web, config.server, sockets)
  const side = await openAside(aside, config)
  const dashboard = dashboardUrl(config.server, (side ?? front).url)
  setUrl(front.url, dashboard)
  await listenLocally(local, socket, log)
  engine.start()
  return {
    url: front.url,
    held: front.held,
    dashboard: engine.accounts ? dashboard : null,
    firstLink: await firstLink(engine.accounts, dashboard, log),
    status,
    async reload(next) {
      const replacement = currentOf(next)
      await engine.store.keepConfig(textsToKeep(replacement))
      engine.reloaded(next)
      Object.assign(current, replacement)
    },
    configProblem(problem) {
      current.problem = problem
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

/** What the outside world reaches, and what only this machine does: the same API, with other proofs. */
function appsOf(
  current: Current,
  { store, tokens, accounts, output, dispatcher, steps, moves, fleet, isReady }: Engine,
  roles: readonly ServerRole[],
  log: Log,
) {
  let url = ''
  let dashboard: string | null = null
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const status = statusOf(current, dispatcher, () => url)
  const arrivals = {
    store,
    log,
    endpoints: () => current.endpoints,
    accept: dispatcher.accept.bind(dispatcher),
  }
  const watch = moves.watch.bind(moves)
  const callers = callersOf(current.config.server, {
    store,
    tokens,
    output,
    dispatcher,
    control: { watch },
  })
  const { addressOf } = callers
  const { server } = current.config
  const access = accessOf(server, { accounts, store, addressOf, log })
  const receive = createReceive({
    ...arrivals,
    ...callers,
    visit: access ? createVisit(access) : undefined,
    ended: (runId) => Promise.race([dispatcher.whenEnded(runId), stopped.promise]),
    output: (runId) => output.read(runId, 0, Number.MAX_SAFE_INTEGER),
  })
  const control: Control = {
    ...controlOf(store, dispatcher, current),
    redeliver: createRedeliver(arrivals),
    steps,
    watch,
    status,
  }
  const refuse = store.refuse.bind(store)
  const report = (thrown: unknown) => log.error({ err: thrown }, messageOf(thrown))
  const tell = (text: string) => log.info(text)
  const kept = { store, tokens, accounts, output, fleet, dashboard: () => dashboard }
  const parts = { ...kept, control, hooks: () => current.config, report, tell }
  const api = (admit: Admit) => new Hono().route('/api/v1', createApi(parts, admit))
  const withToken = admitTokens({ tokens, log, refuse, addressOf })
  const strangers = api(access ? admitVisitors(access, withToken) : withToken)
  const pages = access ? strangers.route('/', dashboardApp(access)) : strangers
  const hooks = receiveApp(roles.includes('receive') ? receive : null, isReady)
  const isShown = roles.includes('show')
  const isAside = server.dashboard?.listen != null
  return {
    web: isShown && !isAside ? pages.route('/', hooks).fetch : hooks.fetch,
    aside: isShown && isAside ? pages.fetch : null,
    local: serverFor(api(admitLocal).fetch),
    status,
    /** Tells callers who wait for a run that it will not start here any more. */
    giveUp: () => stopped.reject(stopping),
    setUrl(listening: string, pages: string | null) {
      url = listening
      dashboard = pages
    },
  }
}

const stopping = new RunhookError('unreachable', 'The server is stopping.', {
  hint: 'The run waits and starts when the server is back; do not ask again for it.',
})

function statusOf(current: Current, dispatcher: Dispatcher, url: () => string): () => ServerStatus {
  const startedAt = Date.now()
  const { maxWaiting } = current.config.server
  return () => ({
    version,
    startedAt,
    url: current.config.server.publicUrl ?? url(),
    hooks: current.config.hooks.size,
    ...dispatcher.counts,
    maxWaiting,
    configProblem: current.problem,
  })
}
