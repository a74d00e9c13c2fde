/**
 * Rows of the database to our nouns, the one door through which they come in. Columns are read by name
 * with their type checked, because a row may have been written by an older release.
 */

import { RunhookError } from '../errors.ts'
import { isHostName, type StoredDelivery } from '../model/delivery.ts'
import {
  type Conclusion,
  type Phase,
  type Run,
  type RunStatus,
  runStatuses,
  type StepRecord,
} from '../model/run.ts'
import { answerOf, inputsOf, retryOf, textsOf, updatesOf, verdictsOf } from './json-columns.ts'

/** A row, or one of its values, that this program did not write. Asking again gives the same. */
export class UnreadableRow extends RunhookError {
  constructor(column: string, found: string) {
    super('storage', `The database holds a row with an unreadable "${column}" (${found}).`)
  }
}

/** Of either database: each gives a column's value as its own types have it. */
export type Row = Record<string, unknown>

export function runOf(row: Row): Run {
  return {
    id: number(row, 'id'),
    deliveryId: number(row, 'delivery_id'),
    hook: text(row, 'hook'),
    update: number(row, 'update_index'),
    group: textOrNull(row, 'concurrency_group'),
    attempt: number(row, 'attempt'),
    retry: row.retry == null ? null : json(row, 'retry', retryOf),
    status: statusOf(text(row, 'status')),
    queuedAt: number(row, 'queued_at'),
    notBefore: numberOrNull(row, 'not_before'),
    startedAt: numberOrNull(row, 'started_at'),
    finishedAt: numberOrNull(row, 'finished_at'),
    exitCode: numberOrNull(row, 'exit_code'),
    signal: textOrNull(row, 'signal'),
    reason: textOrNull(row, 'reason'),
    config: text(row, 'config'),
    worker: textOrNull(row, 'worker'),
    rollout: numberOrNull(row, 'rollout'),
    event: text(row, 'event'),
    refName: textOrNull(row, 'ref_name'),
    sha: textOrNull(row, 'sha'),
    sender: textOrNull(row, 'sender'),
    inputs: json(row, 'inputs', inputsOf),
    outputBytes: number(row, 'output_bytes'),
    outputCut: number(row, 'output_cut'),
  }
}

export function stepOf(row: Row): StepRecord {
  return {
    number: number(row, 'number'),
    phase: phaseOf(text(row, 'phase')),
    name: textOrNull(row, 'name'),
    title: text(row, 'title'),
    status: conclusionOf(textOrNull(row, 'status')),
    reason: textOrNull(row, 'reason'),
    startedAt: number(row, 'started_at'),
    finishedAt: numberOrNull(row, 'finished_at'),
    exitCode: numberOrNull(row, 'exit_code'),
    signal: textOrNull(row, 'signal'),
    outputFrom: number(row, 'output_from'),
    outputTo: numberOrNull(row, 'output_to'),
  }
}

/** The columns of a delivery for lists. */
export const withoutBody = `id, received_at, endpoint, host, guid, event, action, repository,
  default_branch, sender, updates, proof, address, headers, problem, duplicate_of, body_removed_at, verdicts`

/** The body may be left out of the query; it is then empty. */
export function deliveryOf(row: Row): StoredDelivery {
  const host = text(row, 'host')
  if (!isHostName(host)) throw unreadable('host', host)
  return {
    id: number(row, 'id'),
    receivedAt: number(row, 'received_at'),
    endpoint: text(row, 'endpoint'),
    host,
    guid: textOrNull(row, 'guid'),
    event: text(row, 'event'),
    action: textOrNull(row, 'action'),
    repository: textOrNull(row, 'repository'),
    defaultBranch: textOrNull(row, 'default_branch'),
    sender: textOrNull(row, 'sender'),
    updates: json(row, 'updates', updatesOf),
    proof: text(row, 'proof'),
    address: text(row, 'address'),
    headers: json(row, 'headers', textsOf),
    problem: textOrNull(row, 'problem'),
    duplicateOf: numberOrNull(row, 'duplicate_of'),
    bodyRemovedAt: numberOrNull(row, 'body_removed_at'),
    answer: row.answer == null ? null : json(row, 'answer', answerOf),
    verdicts: json(row, 'verdicts', verdictsOf),
    body: row.body instanceof Uint8Array ? row.body : new Uint8Array(),
  }
}

export function statusOf(value: string): RunStatus {
  const known = runStatuses.find((status) => status === value)
  if (!known) throw unreadable('status', value)
  return known
}

function conclusionOf(value: string | null): Conclusion | null {
  const status = value === null ? null : statusOf(value)
  if (status === 'queued' || status === 'running') throw unreadable('status', value)
  return status
}

function phaseOf(value: string): Phase {
  if (value === 'run' || value === 'on-failure' || value === 'on-success') return value
  throw unreadable('phase', value)
}

export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw unreadable(column, value)
  return value
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] == null ? null : number(row, column)
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw unreadable(column, value)
  return value
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] == null ? null : text(row, column)
}

/** `read` gives null for what is no such thing. What it says is in no message: it may be a payload. */
function json<T>(row: Row, column: string, read: (value: unknown) => T | null): T {
  const value = read(parsed(text(row, column)))
  if (value === null) throw new UnreadableRow(column, 'no JSON of ours')
  return value
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function unreadable(column: string, value: unknown): RunhookError {
  return new UnreadableRow(column, typeof value)
}

/** For whoever looks: a row that a hand in the database has spoilt is shown with what can be read of it. */
export function shownRun(row: Row): Run {
  return readable(row, runOf, { retry: null, inputs: '{}' })
}

export function shownDelivery(row: Row): StoredDelivery {
  const spoilt = { host: 'webhook', updates: '[]', headers: '{}', verdicts: '[]', answer: null }
  return readable(row, deliveryOf, { ...spoilt, problem: 'its row in the database is unreadable' })
}

function readable<T>(row: Row, read: (row: Row) => T, otherwise: Row): T {
  try {
    return read(row)
  } catch (error) {
    if (!(error instanceof UnreadableRow)) throw error
    return read({ ...row, ...otherwise })
  }
}
