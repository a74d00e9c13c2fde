/**
 * What a worker has on its machine: a data folder of its own, by whose token its processes are found, and all
 * that starts, holds and ends commands.
 */

import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { OwnFolder } from '../record/own-folder.ts'
import { endStaleGroups, type Holding, holdingOf } from '../run/holding.ts'
import { endLeftovers, markerOf } from '../run/leftovers.ts'
import { bootId } from '../run/recover.ts'
import { Slots } from '../run/slots.ts'
import { Started } from '../run/started.ts'

/** Stands for the slots' shells where a run's number would: none has this one. */
const SLOTS = 0

export class Machine {
  readonly folder: OwnFolder
  readonly token: string
  readonly started: Started
  readonly holding: Holding
  readonly slots: Slots
  /** Where the life before had its control groups. */
  readonly #formerBase: string | null

  /** Throws a RunhookError when the folder cannot be had. */
  constructor(path: string) {
    this.folder = new OwnFolder(path)
    this.token = tokenOf(this.folder)
    this.started = new Started(join(path, 'started'))
    this.holding = holdingOf(this.token)
    this.slots = new Slots(markerOf(this.token, SLOTS), this.holding.cgroups)
    this.#formerBase = this.folder.value('cgroup')
  }

  /**
   * Ends what an earlier life left of these runs, and its slots; resolves when all of it is gone, or has withstood
   * KILL. To be called before anything is started.
   */
  async endFormer(runIds: readonly number[], log: Pick<Log, 'warn'>): Promise<void> {
    await endStaleGroups(this.holding, this.#formerBase, runIds, log)
    for (const { runId, pids, remaining } of await endLeftovers(this.token, [SLOTS, ...runIds])) {
      if (runId === SLOTS) continue
      const became = remaining.length > 0 ? `still running: ${remaining}` : 'they were ended'
      log.warn({ run: runId, pids, remaining }, `    run #${runId} left processes; ${became}`)
    }
    const base = this.holding.cgroups?.base
    if (base !== undefined) this.folder.keep('cgroup', base)
  }

  /** KILL to all that these runs have started. */
  async kill(runIds: readonly number[]): Promise<void> {
    await endLeftovers(this.token, runIds, 0)
  }

  /** The same, where these are all that run: by control groups it takes no search. */
  async killAll(runIds: readonly number[]): Promise<void> {
    this.holding.cgroups?.kill()
    await this.kill(runIds)
  }

  async close(): Promise<void> {
    this.slots.close()
    await this.holding.cgroups?.close()
    this.folder.close()
  }
}

/**
 * Of the folder, and of one boot of the machine: nothing that was started before a boot lives after it, and a
 * copy of the folder, on another machine or in another container of this one, must not pass for this one.
 */
function tokenOf(folder: OwnFolder): string {
  const where = `${bootId()} ${identityOf(folder.path)}`
  const [token, ...kept] = folder.value('token')?.split(' ') ?? []
  if (token && kept.join(' ') === where) return token
  const fresh = randomBytes(12).toString('hex')
  folder.keep('token', `${fresh} ${where}`)
  return fresh
}

/** No copy has the same. One that is mounted anew may have another; then the lease of the life before must end. */
function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev}-${ino}`
}
