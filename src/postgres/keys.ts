/** Names under which the processes of a fleet mean the same thing: locks, and queues of pg-boss. */

import { createHash } from 'node:crypto'
import type { Session } from './connect.ts'

/** Of what takes turns together; see turns.ts. */
export const groupLock = (group: string) => `1 group ${group}`
/** Of a rollout without a group. */
export const rolloutLock = (rollout: number) => `1 rollout ${rollout}`
/** Of a hook that says how many of it may go side by side. After all others: see `lockNames` in place.ts. */
export const hookLock = (hook: string) => `2 hook ${hook}`
export const guidLock = (guidKey: string) => `0 guid ${guidKey}`
export const bodyLock = (hash: Uint8Array) => `0 body ${Buffer.from(hash).toString('hex')}`
/** Of counting what waits, when there is little room left. Always the last. */
export const roomLock = '3 room'
/** Of adding up how much output is kept. Alone. */
export const outputLock = '4 outputs'

/** Until the end of the transaction, in the order given. */
export async function lock(session: Session, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const sql = 'SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key'
  await session.query(sql, [names.map(keyOf)])
}

/** False when somebody else has it. */
export async function tryLock(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query('SELECT pg_try_advisory_xact_lock($1) AS got', [keyOf(name)])
  return row?.got === true
}

/** Two names may share a key: then they wait for each other for nothing. */
function keyOf(name: string): string {
  return createHash('sha256').update(`runhook ${name}`).digest().readBigInt64BE().toString()
}

/** Runs whose worker was lost. */
export const LOST = 'lost'

/** Of any worker with the label. */
export const labelQueue = (label: string) => `label.${encoded(label)}`
/** Of that one worker. */
export const workerQueue = (worker: string) => `worker.${encoded(worker)}`

/** pg-boss takes letters, digits and `_.-/`. What else a name has is written as its bytes: `eu west` is `eu_20west`. */
function encoded(name: string): string {
  const written = [...Buffer.from(name)].map((byte) => {
    const char = String.fromCharCode(byte)
    return /[A-Za-z0-9.-]/.test(char) ? char : `_${byte.toString(16).padStart(2, '0')}`
  })
  return written.join('')
}
