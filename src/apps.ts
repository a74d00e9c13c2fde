/** What a server answers: to the outside world, to people at an address of its own, and to this machine alone. */

import { Hono } from 'hono'
import { Stays } from './access/stays.ts'
import { createVisit } from './access/visit.ts'
import { callersOf } from './callers.ts'
import { controlOf } from './control.ts'
import type { Current } from './current.ts'
import { accessOf, keepSecretShown, setVisitor } from './dashboard.ts'
import { type Engine, type ServerRole, serverRoles } from './engine.ts'
import { messageOf, RunhookError } from './errors.ts'
import { serverFor } from './listen.ts'
import type { Log } from './log.ts'
import { mountBadges, mountPages, type SetVisitor } from './pages/mount.ts'
import { receiveApp } from './receive/app.ts'
import { createReceive } from './receive/receive.ts'
import { createRedeliver } from './receive/redeliver.ts'
import type { Dispatcher } from './record/dispatcher.ts'
import { type Admit, admitLocal, admitTokens } from './show/admission.ts'
import { admitVisitors } from './show/admit-visitors.ts'
import { createApi } from './show/api.ts'
import type { Control, ServerStatus } from './show/control.ts'
import { version } from './version.ts'

export interface AppOptions {
  /** What it does of all that a fleet does; left out = everything. */
  readonly roles?: readonly ServerRole[]
  /** Who looks at pages, where that is not for the door to find out. */
  readonly visitor?: SetVisitor
}

/** The same API everywhere, with other proofs. */
export function appsOf(
  current: Current,
  engine: Engine,
  { roles = serverRoles, visitor }: AppOptions,
  log: Log,
) {
  const { store, tokens, accounts, output, dispatcher, fleet, isReady } = engine
  const { server } = current.config
  let listening: Addresses = { url: '', dashboard: null }
  const closing = new AbortController()
  const stopped = stoppedOf()
  const status = statusOf(current, dispatcher, () => listening)
  const { receive, control, addressOf, access } = actsOf(current, engine, log, status, stopped)
  const report = (thrown: unknown) => log.error({ err: thrown }, messageOf(thrown))
  const tell = (text: string) => log.info(text)
  const kept = { store, tokens, accounts, output, fleet, dashboard: () => listening.dashboard }
  const parts = { ...kept, stays: new Stays(), control, hooks: () => current.config, report, tell }
  const api = (admit: Admit) => new Hono().route('/api/v1', createApi(parts, admit))
  const withToken = admitTokens({ tokens, log, refuse: store.refuse.bind(store), addressOf })
  const shown = api(access ? admitVisitors(access, withToken) : withToken)
  if (access) {
    const watchAll = engine.moves.watchAll.bind(engine.moves)
    const listensAt = () => listening.url
    const { publicUrl } = access.settings
    const told = {
      watchAll,
      listensAt,
      publicUrl,
      keepSecretShown: keepSecretShown(access),
      ...inUse(current),
    }
    const pages = mountPages(
      { ...parts, ...told, audit: access.audit, closing: closing.signal },
      visitor ?? setVisitor(access),
    )
    shown.route('/', access.app).route('/', pages)
  }
  const hooks = receiveApp(roles.includes('receive') ? receive : null, isReady)
  const isShown = roles.includes('show')
  const isAside = server.dashboard?.listen != null
  // A README is read where the dashboard cannot be reached.
  const world = access ? mountBadges(parts).route('/', hooks) : hooks
  return {
    web: isShown && !isAside ? shown.route('/', hooks).fetch : world.fetch,
    aside: isShown && isAside ? shown.fetch : null,
    /** Of all that people reach, for the agreement on who may what. */
    routes: shown.routes,
    local: serverFor(api(admitLocal).fetch, null), // what it is read by may be a pager
    status,
    /** Tells callers who wait for a run that it will not start here any more, and ends what pages follow. */
    giveUp: () => {
      stopped.reject(stopping)
      closing.abort()
    },
    setUrl(url: string, dashboard: string | null) {
      listening = { url, dashboard }
    },
  }
}

function stoppedOf(): PromiseWithResolvers<never> {
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  return stopped
}

/** What a server does, by whatever way it is asked: take deliveries, let people in, carry out what they want. */
function actsOf(
  current: Current,
  { store, tokens, accounts, output, dispatcher, steps, moves }: Engine,
  log: Log,
  status: () => ServerStatus,
  stopped: PromiseWithResolvers<never>,
) {
  const { server } = current.config
  const arrivals = {
    store,
    log,
    endpoints: () => current.endpoints,
    accept: dispatcher.accept.bind(dispatcher),
  }
  const watch = moves.watch.bind(moves)
  const callers = callersOf(server, { store, tokens, output, dispatcher, control: { watch } })
  const { addressOf } = callers
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
  return { receive, control, addressOf, access }
}

const stopping = new RunhookError('unreachable', 'The server is stopping.', {
  hint: 'The run waits and starts when the server is back; do not ask again for it.',
})

/** Of what a reload replaces, asked for anew at each page. */
function inUse(current: Current) {
  return {
    hooksFile: () => current,
    redact: (text: string) => current.redactor?.text(text) ?? text,
  }
}

interface Addresses {
  readonly url: string
  /** Where people look at runs; null = nowhere. */
  readonly dashboard: string | null
}

function statusOf(
  current: Current,
  dispatcher: Dispatcher,
  listening: () => Addresses,
): () => ServerStatus {
  const startedAt = Date.now()
  const { maxWaiting } = current.config.server
  return () => {
    const { url, dashboard } = listening()
    return {
      version,
      startedAt,
      url: current.config.server.publicUrl ?? url,
      ...(dashboard !== null && { pages: `${dashboard}/-` }),
      hooks: current.config.hooks.size,
      ...dispatcher.counts,
      maxWaiting,
      configProblem: current.problem,
    }
  }
}
