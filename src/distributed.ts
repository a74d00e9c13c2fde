/**
 * The engine of a server of a fleet: what it shares stands in PostgreSQL. It carries out runs itself only where it
 * has that role; else it leaves them to workers, and tells of them as they go.
 */

import type { Current } from './current.ts'
import { policyOf } from './current.ts'
import type { Engine, ServerRole } from './engine.ts'
import { messageOf, RunhookError } from './errors.ts'
import { FleetDispatcher } from './fleet/dispatch.ts'
import { FleetEnds } from './fleet/ends.ts'
import { tellMoves } from './fleet/moves.ts'
import type { Log } from './log.ts'
import { leave, lostRunsOf, type Member, memberOf, ready } from './member.ts'
import type { WorkerSettings } from './model/config.ts'
import { accountsIn, type FleetAccounts } from './postgres/accounts.ts'
import { PostgresKeptOutputs } from './postgres/kept-outputs.ts'
import { PostgresRounds } from './postgres/rounds.ts'
import { sealTokens } from './postgres/sealed-tokens.ts'
import { OwnFolder } from './record/own-folder.ts'
import { Retention } from './record/retention.ts'
import type { Tokens } from './record/tokens.ts'
import { Moves } from './show/moves.ts'
import { type Hands, handsOf } from './worker.ts'

/** Of the server in a data folder, whose socket is there; a worker of its own process may use the rest. */
const SERVER_LOCK = 'server.lock'

/**
 * Waits until the database can be used. Rejects with a RunhookError when the data folder cannot be had, or when
 * `stopped` aborts first.
 */
export async function openDistributed(
  database: string,
  current: Current,
  log: Log,
  roles: readonly ServerRole[],
  stopped: AbortSignal,
): Promise<Engine> {
  const folder = new OwnFolder(current.config.server.data, SERVER_LOCK)
  const member = memberOf(database, current, log)
  const hands = roles.includes('run') ? handsOf(member, current, log) : null
  await ready(member, current, stopped, { makesTables: true })
  if (stopped.aborted) {
    await hands?.close()
    await leave(member)
    folder.close()
    throw new RunhookError('unreachable', 'Stopped before the database could be used.')
  }
  return engineOf(member, hands, folder, current, log)
}

function engineOf(
  member: Member,
  hands: Hands | null,
  folder: OwnFolder,
  current: Current,
  log: Log,
): Engine {
  const { store, db, listener, fleet, output } = member
  store.keepRefusals(current.config.server.keep.refusalsMs)
  const ends = new FleetEnds({ store, listener, database: db })
  const when = ends.whenEnded.bind(ends)
  const dispatcher = new FleetDispatcher({ store, fleet, ends: { when } })
  const moves = new Moves()
  const stopMoves = tellMoves({ moves, listener, database: db })
  const lost = lostRunsOf(member, current, log, true)
  const retention = new Retention({
    prune: store.prune,
    files: new PostgresKeptOutputs(db),
    rounds: new PostgresRounds(db),
    policy: () => policyOf(current.config),
    log,
  })
  const { sealKeys } = current.config.server.worker
  const accounts = accountsIn(db, sealKeys ?? [])
  listener.start() // before the first delivery: who waits for its run is told by word
  return {
    store,
    tokens: tokensOf(store.tokens, current.config.server.worker),
    accounts,
    dispatcher,
    output,
    moves,
    fleet,
    steps: (runId) => store.steps(runId),
    isReady: () =>
      db.query('SHOW transaction_read_only').then(
        ([row]) => row?.transaction_read_only === 'off',
        () => false,
      ),
    start() {
      retention.start()
      lost.start()
      void renew(accounts, log)
      // Its name may be taken: that ends a worker, and a server that is nothing but one; others go on.
      hands
        ?.start()
        .catch((error: unknown) =>
          log.error(
            { err: error },
            `    no runs are carried out here: ${error instanceof Error ? error.message : error}`,
          ),
        )
    },
    reloaded: (config) => hands?.reloaded(config),
    async drain(drainMs) {
      await Promise.all([hands?.drain(drainMs), retention.stop()])
    },
    hurry: () => hands?.hurry(),
    async close() {
      await lost.stop()
      await stopMoves()
      await ends.stop(new RunhookError('unreachable', 'The server has stopped.'))
      await hands?.close()
      await leave(member)
      folder.close()
    },
  }
}

/** Never waited for: what a key that goes has sealed counts until then. */
async function renew(accounts: FleetAccounts, log: Log): Promise<void> {
  try {
    const problem = await accounts.renew()
    if (problem !== null) log.warn(`    ${problem}`)
  } catch (error) {
    log.warn(`    seals of users could not be looked at: ${messageOf(error)}`)
  }
}

function tokensOf(tokens: Tokens, { sealKeys }: WorkerSettings): Tokens {
  const [first, ...others] = sealKeys ?? []
  return first === undefined ? tokens : sealTokens(tokens, [first, ...others])
}
