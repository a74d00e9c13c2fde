/**
 * Seals of runs: an HMAC over all that decides what a command sees, made by whoever writes a run into the
 * database and held against the row by the worker that is to carry it out. Who can write the database, but has
 * no key, can thereby neither make up a run nor change one that waits. Pure; what a seal does not close is told
 * in "Trust" of docs/fleet.md.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { canonical } from '../hooks/canonical.ts'
import type { Delivery } from '../model/delivery.ts'
import type { Secret } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import type { Row } from './connect.ts'

/** What stands beside a run in its row. */
export interface Sealed {
  /** That its worker must have. */
  readonly label: string
  /** The one worker that it is for: of the runs of a rollout; null = any with the label. */
  readonly pin: string | null
  /** Null = it was not sealed. */
  readonly seal: Uint8Array | null
}

type Told =
  | 'id'
  | 'deliveryId'
  | 'hook'
  | 'update'
  | 'group'
  | 'attempt'
  | 'retry'
  | 'queuedAt'
  | 'rollout'
  | 'event'
  | 'refName'
  | 'sha'
  | 'sender'
  | 'inputs'

/** None of it changes from when the run is written down to when it begins. */
export interface SealFields extends Pick<Run, Told>, Pick<Sealed, 'label' | 'pin'> {
  /** 64 hex digits, see `deliveryDigest`. */
  readonly delivery: string
}

export function sealFields(
  run: Pick<Run, Told>,
  { label, pin }: Pick<Sealed, 'label' | 'pin'>,
  delivery: string,
): SealFields {
  const { id, deliveryId, hook, update, group, attempt, retry, queuedAt, rollout } = run
  const { event, refName, sha, sender, inputs } = run
  const order = { id, deliveryId, hook, update, group, attempt, retry, queuedAt, rollout }
  return { ...order, event, refName, sha, sender, inputs, label, pin, delivery }
}

/**
 * SHA-256 of all that a command can be told of a delivery: its body, headers and what was read out of them.
 * Once for all runs of a delivery. Of verdicts and duplicates no command is told.
 */
export function deliveryDigest(delivery: Delivery): string {
  const { receivedAt, endpoint, host, guid, event, action, repository, defaultBranch } = delivery
  const { sender, updates, proof, address, headers, body, problem } = delivery
  const arrival = { receivedAt, endpoint, host, guid, proof, address, headers }
  const content = { event, action, repository, defaultBranch, sender, updates, problem }
  const told = storable({ ...arrival, ...content, body: sha256(body) })
  return sha256(`runhook delivery 1\n${canonical(told)}`)
}

/** 32 bytes. */
export function sealOf(fields: SealFields, key: Secret): Uint8Array {
  return createHmac('sha256', key.value).update(sealedText(fields)).digest()
}

/** What the HMAC is over; for tests. */
export function sealedText(fields: SealFields): string {
  return `runhook run 1\n${canonical(storable(fields))}`
}

/**
 * Null when one of the keys has made it; else why not, as the end of a sentence about the run. Keys are several
 * while one is being replaced.
 */
export function checkSeal(
  fields: SealFields,
  seal: Uint8Array | null,
  keys: readonly Secret[],
): string | null {
  if (seal === null)
    return 'it is not sealed: it comes from a server without "seal", or from nobody who may start runs'
  const made = keys.map((key) => sealOf(fields, key))
  if (made.some((one) => one.length === seal.length && timingSafeEqual(one, seal))) return null
  return 'its seal does not fit: it was sealed with another key, or changed in the database since'
}

/** A worker remembers for so long which runs it has begun: see fleet/journal.ts. */
export const SEAL_AGE_MS = 7 * 86_400_000

/** An old row that was set back to "queued" has a seal that fits. Its age is sealed too. */
export function sealAge(run: Pick<Run, 'queuedAt' | 'retry'>, now: number): string | null {
  const ageMs = now - (run.retry?.since ?? run.queuedAt) // a retry, which is sealed anew, makes nothing younger
  if (ageMs <= SEAL_AGE_MS) return null
  const days = Math.floor(ageMs / 86_400_000)
  return `it was sealed ${days} days ago, and a seal is good for ${SEAL_AGE_MS / 86_400_000}`
}

/** `label`, `rollout`, `worker` and `seal` of runhook.runs. Before a run has begun only a rollout's has a worker. */
export function sealedOf(row: Row): Sealed {
  return {
    label: String(row.label),
    pin: row.rollout != null && typeof row.worker === 'string' ? row.worker : null,
    seal: row.seal instanceof Uint8Array ? row.seal : null,
  }
}

/** As it is when it was stored and read again: PostgreSQL takes neither U+0000 nor half a character. */
function storable<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'string' ? inner.replaceAll('\0', '\ufffd').toWellFormed() : inner,
  ) as T // only texts have changed
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
