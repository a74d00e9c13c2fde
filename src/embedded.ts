/**
 * The engine of one process: SQLite, a queue in memory, output in files; constructed in their order.
 */

import { join } from 'node:path'
import { type Current, endToKeep, policyOf, stepToKeep } from './current.ts'
import type { Engine } from './engine.ts'
import type { RunhookError } from './errors.ts'
import type { Log } from './log.ts'
import type { StepRecord } from './model/run.ts'
import { Disk } from './record/disk.ts'
import { FileOutputLog } from './record/output.ts'
import { OutputFiles } from './record/output-files.ts'
import { Retention } from './record/retention.ts'
import { openSqlite } from './record/sqlite.ts'
import { resume, SLOTS } from './resume.ts'
import { runsUrl } from './run/command.ts'
import { executeRun, serverUser } from './run/execute.ts'
import { holdingOf, prepareLimits } from './run/holding.ts'
import { markerOf } from './run/leftovers.ts'
import { PayloadFiles } from './run/payload.ts'
import { PipePool } from './run/pipe.ts'
import { Queue } from './run/queue.ts'
import { Slots } from './run/slots.ts'
import { Started } from './run/started.ts'
import { Moves } from './show/moves.ts'

const LAST_ANSWERS_MS = 200

type Parts = ReturnType<typeof partsOf>

/** Rejects with a RunhookError when the data directory cannot be had. */
export async function openEmbedded(current: Current, log: Log): Promise<Engine> {
  const parts = partsOf(current, log)
  const queue = queueOf(current, parts, log)
  const { store, slots, holding, retention, disk, moves, output, steps } = parts
  const lastRun = (await store.runs({ limit: 1 }))[0]?.id ?? 0
  log.info(`    ${holding.says}`)
  prepareLimits(current.config.hooks.values(), holding, log)
  const resumed = new AbortController()
  return {
    store,
    tokens: store.tokens,
    accounts: store.accounts,
    dispatcher: queue,
    output,
    moves,
    fleet: null,
    steps: (runId) => steps.get(runId) ?? [],
    isReady: async () => true,
    start() {
      retention.start()
      void resume({ ...parts, queue, lastRun, current, log }, resumed.signal)
    },
    reloaded: (config) => prepareLimits(config.hooks.values(), holding, log),
    async drain(drainMs) {
      resumed.abort()
      await Promise.all([queue.stop(drainMs), retention.stop()])
      slots.close()
      await holding.cgroups?.close()
    },
    hurry: () => void queue.stop(0),
    async close() {
      disk.close()
      await store.close()
    },
  }
}

function partsOf(current: Current, log: Log) {
  const { data, maxWaiting } = current.config.server
  const disk = new Disk(data, log)
  const onBroken = (error: RunhookError) => giveUp(error, log)
  const store = openSqlite(data, { maxWaiting, disk, onBroken })
  disk.start()
  const output = new FileOutputLog(join(data, 'output'), {
    disk,
    redactor: () => current.redactor,
  })
  const files = new OutputFiles(join(data, 'output'), output)
  const policy = () => policyOf(current.config)
  const retention = new Retention({ prune: store.prune, files, policy, log })
  store.keepRefusals(current.config.server.keep.refusalsMs)
  /** Of runs under way. */
  const steps = new Map<number, StepRecord[]>()
  const holding = holdingOf(store.token)
  const slots = new Slots(markerOf(store.token, SLOTS), holding.cgroups)
  const started = new Started(join(data, 'started'))
  const moves = new Moves()
  return { store, output, slots, started, holding, retention, disk, steps, moves }
}

function queueOf(
  current: Current,
  { retention, steps, moves, holding, ...parts }: Parts,
  log: Log,
): Queue {
  const { store } = parts
  const { server } = current.config
  const { data, maxParallel } = server
  const pipes = new PipePool(join(data, 'pipes'))
  const payloads = new PayloadFiles(join(data, 'payloads'))
  const own = { runsUrl: runsUrl(server), user: serverUser() }
  const tools = { ...parts, ...holding, pipes, payloads, ...own }
  return new Queue({
    store,
    log,
    maxParallel,
    hook: (name) => current.config.hooks.get(name),
    moved: (runId) => moves.tell(runId),
    async execute(work, signal) {
      const { redactor } = current // of the config that its hook is from
      const live: StepRecord[] = []
      steps.set(work.run.id, live)
      const onStep = (step: StepRecord) => {
        live[step.number - 1] = stepToKeep(step, { redactor })
        moves.tell(work.run.id)
      }
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

/** The last senders get their 503 first. The next start finds what the disk has kept, and goes on from there. */
function giveUp(error: RunhookError, log: Log): void {
  log.fatal(
    `${error.message} What was written cannot be trusted; runhook ends, to be started again.`,
  )
  setTimeout(() => process.exit(1), LAST_ANSWERS_MS)
}
