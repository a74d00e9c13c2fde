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
import { mountPages, type SetVisitor } from './pages/mount.ts'
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
  { store, tokens, accounts, output, dispatcher, steps, moves, fleet, isReady }: Engine,
  { roles = serverRoles, visitor }: AppOptions,
  log: Log,
) {
  let url = ''
  let dashboard: string | null = null
  const closing = new AbortController()
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const status = statusOf(current, dispatcher, () => ({ url, dashboard }))
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
  const parts = { ...kept, stays: new Stays(), control, hooks: () => current.config, report, tell }
  const api = (admit: Admit) => new Hono().route('/api/v1', createApi(parts, admit))
  const withToken = admitTokens({ tokens, log, refuse, addressOf })
  const shown = api(access ? admitVisitors(access, withToken) : withToken)
  if (access) {
    const watchAll = moves.watchAll.bind(moves)
    const listensAt = () => url
    const { publicUrl } = access.settings
    const told = { watchAll, listensAt, publicUrl, keepSecretShown: keepSecretShown(access) }
    const pages = mountPages(
      { ...parts, ...told, audit: access.audit, closing: closing.signal },
      visitor ?? setVisitor(access),
    )
    shown.route('/', access.app).route('/', pages)
  }
  const hooks = receiveApp(roles.includes('receive') ? receive : null, isReady)
  const isShown = roles.includes('show')
  const isAside = server.dashboard?.listen != null
  return {
    web: isShown && !isAside ? shown.route('/', hooks).fetch : hooks.fetch,
    aside: isShown && isAside ? shown.fetch : null,
    /** Of all that people reach, for the agreement on who may what. */
    routes: shown.routes,
    local: serverFor(api(admitLocal).fetch),
    status,
    /** Tells callers who wait for a run that it will not start here any more, and ends what pages follow. */
    giveUp: () => {
      stopped.reject(stopping)
      closing.abort()
    },
    setUrl(listening: string, pages: string | null) {
      url = listening
      dashboard = pages
    },
  }
}

const stopping = new RunhookError('unreachable', 'The server is stopping.', {
  hint: 'The run waits and starts when the server is back; do not ask again for it.',
})

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
