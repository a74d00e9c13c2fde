/**
 * The one place where the parts meet: what is constructed, in which order it starts, how a new config
 * replaces an old one, and how it stops without losing anything.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import { controlOf } from './control.ts'
import { type Current, currentOf, endToKeep, textsToKeep } from './current.ts'
import { messageOf, RunhookError } from './errors.ts'
import { openFront } from './front.ts'
import { close, listenLocally, serverFor } from './listen.ts'
import type { Log } from './log.ts'
import type { Config, StepRecord } from './model.ts'
import { receiveApp } from './receive/app.ts'
import { createReceive } from './receive/receive.ts'
import { createRedeliver } from './receive/redeliver.ts'
import { Disk } from './record/disk.ts'
import { OutputLog } from './record/output.ts'
import { OutputFiles } from './record/output-files.ts'
import { type Policy, Retention } from './record/retention.ts'
import { openSqlite, type SqliteStore } from './record/sqlite.ts'
import { resume, SLOTS } from './resume.ts'
import { executeRun, serverUser } from './run/execute.ts'
import { type Holding, holdingOf, prepareLimits } from './run/holding.ts'
import { markerOf } from './run/leftovers.ts'
import { PayloadFiles } from './run/payload.ts'
import { PipePool } from './run/pipe.ts'
import { Queue } from './run/queue.ts'
import { Slots } from './run/slots.ts'
import { Started } from './run/started.ts'
import { type Admit, admitLocal, admitTokens } from './show/admission.ts'
import { createApi } from './show/api.ts'
import type { Control, ServerStatus } from './show/control.ts'
import { Moves } from './show/moves.ts'
import { version } from './version.ts'

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:9000`. */
  readonly url: string
  /** True when it listens on sockets that another process keeps open. */
  readonly held: boolean
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

const LAST_ANSWERS_MS = 200

/**
 * Listens on the held sockets where there are any, else where the config says. Rejects with a RunhookError
 * when the data directory or the address cannot be had.
 */
export async function startServer(
  config: Config,
  log: Log,
  sockets: readonly number[] = [],
): Promise<Server> {
  const current = currentOf(config)
  const works = worksOf(current, log)
  await works.store.keepConfig(textsToKeep(current))
  const lastRun = (await works.store.runs({ limit: 1 }))[0]?.id ?? 0
  log.info(`    ${works.holding.says}`)
  prepareLimits(config.hooks.values(), works.holding, log)
  const { web, local, setUrl, status, giveUp } = appsOf(current, works, log)
  const front = await openFront(web, config.server, sockets)
  setUrl(front.url)
  await listenLocally(local, works.socket, log)
  works.retention.start()
  const resumed = new AbortController()
  void resume({ ...works, lastRun, current, log }, resumed.signal)
  return {
    url: front.url,
    held: front.held,
    status,
    async reload(next) {
      const replacement = currentOf(next)
      await works.store.keepConfig(textsToKeep(replacement))
      prepareLimits(next.hooks.values(), works.holding, log)
      Object.assign(current, replacement)
    },
    configProblem(problem) {
      current.problem = problem
    },
    hurry: () => void works.queue.stop(0),
    async stop(drainMs) {
      resumed.abort()
      await Promise.all([works.queue.stop(drainMs), works.retention.stop()])
      works.slots.close()
      await works.holding.cgroups?.close()
      giveUp()
      await front.stop()
      const left = close(local) // kept until here: the command line shows what still runs, and ends it
      local.closeAllConnections()
      await left
      works.disk.close()
      await works.store.close()
      rmSync(works.socket, { force: true })
    },
  }
}

/** Everything behind the listeners. */
interface Works {
  readonly store: SqliteStore
  readonly output: OutputLog
  readonly slots: Slots
  readonly started: Started
  readonly holding: Holding
  readonly queue: Queue
  readonly retention: Retention
  readonly disk: Disk
  /** Steps of runs under way, by run. */
  readonly steps: Map<number, StepRecord[]>
  readonly moves: Moves
  readonly socket: string
}

function worksOf(current: Current, log: Log): Works {
  const { data, maxWaiting } = current.config.server
  const disk = new Disk(data, log)
  const onBroken = (error: RunhookError) => giveUp(error, log)
  const store = openSqlite(data, { maxWaiting, disk, onBroken })
  disk.start()
  const output = new OutputLog(join(data, 'output'), { disk, redactor: () => current.redactor })
  const files = new OutputFiles(join(data, 'output'), output)
  const policy = () => policyOf(current.config)
  const retention = new Retention({ prune: store.prune, files, policy, log })
  store.keepRefusals(current.config.server.keep.refusalsMs)
  const steps = new Map<number, StepRecord[]>()
  const holding = holdingOf(store.token)
  const slots = new Slots(markerOf(store.token, SLOTS), holding.cgroups)
  const started = new Started(join(data, 'started'))
  const moves = new Moves()
  const parts = { store, output, slots, started, holding, retention, disk, steps, moves }
  const queue = queueOf(current, parts, log)
  return { ...parts, queue, socket: join(data, 'runhook.sock') }
}

/** What the outside world reaches, and what only this machine does: the same API, with other proofs. */
function appsOf(current: Current, { store, output, queue, steps, moves }: Works, log: Log) {
  let url = ''
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const status = statusOf(current, queue, () => url)
  const arrivals = {
    store,
    log,
    endpoints: () => current.endpoints,
    accept: queue.accept.bind(queue),
  }
  const receive = createReceive({
    ...arrivals,
    ended: (runId) => Promise.race([queue.whenEnded(runId), stopped.promise]),
    output: (runId) => output.read(runId, 0, Number.MAX_SAFE_INTEGER),
  })
  const control: Control = {
    ...controlOf(store, queue, () => current.config),
    redeliver: createRedeliver(arrivals),
    steps: (runId) => steps.get(runId) ?? [],
    watch: moves.watch.bind(moves),
    status,
  }
  const { tokens } = store
  const report = (thrown: unknown) => log.error({ err: thrown }, messageOf(thrown))
  const tell = (text: string) => log.info(text)
  const parts = { store, tokens, output, control, hooks: () => current.config, report, tell }
  const api = (admit: Admit) => new Hono().route('/api/v1', createApi(parts, admit))
  const strangers = api(admitTokens({ tokens, log, refuse: store.refuse.bind(store) }))
  return {
    web: strangers.route('/', receiveApp(receive)).fetch,
    local: serverFor(api(admitLocal).fetch),
    status,
    /** Tells callers who wait for a run that it will not start here any more. */
    giveUp: () => stopped.reject(stopping),
    setUrl(listening: string) {
      url = listening
    },
  }
}

const stopping = new RunhookError('unreachable', 'The server is stopping.', {
  hint: 'The run waits and starts when the server is back; do not ask again for it.',
})

function queueOf(
  current: Current,
  { retention, steps, moves, holding, ...parts }: Omit<Works, 'queue' | 'socket'>,
  log: Log,
): Queue {
  const { store } = parts
  const { data, maxParallel, publicUrl } = current.config.server
  const pipes = new PipePool(join(data, 'pipes'))
  const payloads = new PayloadFiles(join(data, 'payloads'))
  const tools = { ...parts, ...holding, pipes, payloads, publicUrl, user: serverUser() }
  return new Queue({
    store,
    log,
    maxParallel,
    hook: (name) => current.config.hooks.get(name),
    moved: (runId) => moves.tell(runId),
    async execute(work, signal) {
      const live: StepRecord[] = []
      steps.set(work.run.id, live)
      const onStep = (step: StepRecord) => {
        live[step.number - 1] = step
        moves.tell(work.run.id)
      }
      const { redactor } = current // of the config that its hook is from
      const end = executeRun(work, { ...tools, signal, token: store.token, onStep })
      return end
        .then((ended) => endToKeep(ended, { redactor }))
        .finally(() => {
          steps.delete(work.run.id)
          if (steps.size === 0) parts.started.tidy()
          retention.ended(work.run.id)
        })
    },
  })
}

function policyOf({ server, hooks, texts }: Config): Policy {
  const own = [...hooks].map(([name, { keep }]) => [name, keep] as const)
  return { server: server.keep, hooks: new Map(own), configs: texts.keys() }
}

function statusOf(current: Current, queue: Queue, url: () => string): () => ServerStatus {
  const startedAt = Date.now()
  const { maxWaiting } = current.config.server
  return () => ({
    version,
    startedAt,
    url: current.config.server.publicUrl ?? url(),
    hooks: current.config.hooks.size,
    ...queue.counts,
    maxWaiting,
    configProblem: current.problem,
  })
}

/** The last senders get their 503 first. The next start finds what the disk has kept, and goes on from there. */
function giveUp(error: RunhookError, log: Log): void {
  log.fatal(
    `${error.message} What was written cannot be trusted; runhook ends, to be started again.`,
  )
  setTimeout(() => process.exit(1), LAST_ANSWERS_MS)
}
