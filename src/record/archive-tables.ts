/**
 * What an archive holds, table by table in the order in which they can be written: a row may refer to what
 * stands before it. Columns are called and formed as both databases have them (migrations.ts); those that only
 * a fleet has are null in what SQLite gives. Left out is what belongs to one machine: the settings.
 */

import { RunhookError } from '../errors.ts'

type Type = 'number' | 'text' | 'flag' | 'bytes' | 'number?' | 'text?' | 'bytes?'

export type Value = number | string | boolean | Uint8Array | null
export type ArchiveRow = Readonly<Record<string, Value>>

const number = 'number'
const text = 'text'

export const tables = {
  config: { hash: text, text, used_at: number },
  token: {
    ...{ id: number, hash: 'bytes', name: text, role: text, created_at: number, created_by: text },
    ...{ expires_at: 'number?', last_used_at: 'number?', revoked_at: 'number?' },
  },
  /** Sessions and links are left out: people sign in anew. */
  user: {
    ...{ id: number, name: text, role: text, password: 'text?', created_at: number },
    ...{ created_by: text, disabled_at: 'number?', issuer: 'text?', subject: 'text?' },
  },
  audit: {
    ...{ id: number, at: number, who: text, via: text, address: text, what: text },
    ...{ object: text, outcome: text },
  },
  refusal: {
    ...{ minute: number, address: text, path: text, reason: text, method: text },
    ...{ status: number, count: number, last_at: number },
  },
  /** `labels` as JSON; times are left out, for they hang on the clock of one database. */
  worker: {
    ...{ name: text, labels: text, version: text, host: text, token: text, instance: text },
    ...{ slots: number, lease_ms: number },
  },
  delivery: {
    ...{ id: number, received_at: number, endpoint: text, host: text, guid: 'text?' },
    ...{ guid_key: 'text?', event: text, action: 'text?', repository: 'text?' },
    ...{ default_branch: 'text?', sender: 'text?', updates: text, proof: text, address: text },
    ...{ headers: text, problem: 'text?', duplicate_of: 'number?', verdicts: text },
    ...{ answer: 'text?', body_hash: 'bytes?', body_removed_at: 'number?' },
  },
  pruned_run: { delivery_id: number, hook: text, update_index: number, id: number, status: text },
  rollout: {
    ...{ id: number, delivery_id: number, hook: text, update_index: number, label: text },
    ...{ max_parallel: 'number?', fail_fast: 'flag', catch_up: 'flag', created_at: number },
    ...{ stopped: 'text?' },
  },
  run: {
    ...{ id: number, delivery_id: number, hook: text, update_index: number },
    ...{ concurrency_group: 'text?', attempt: number, retry: 'text?', status: text },
    ...{ queued_at: number, not_before: 'number?', started_at: 'number?', finished_at: 'number?' },
    ...{ exit_code: 'number?', signal: 'text?', reason: 'text?', config: text, event: text },
    ...{ ref_name: 'text?', sha: 'text?', sender: 'text?', inputs: text, output_bytes: number },
    ...{ output_cut: number, output_removed_at: 'number?' },
    ...{ label: 'text?', worker: 'text?', rollout: 'number?', unit: 'number?' },
    max_parallel: 'number?',
  },
  step: {
    ...{ run_id: number, number, phase: text, name: 'text?', title: text, status: 'text?' },
    ...{ reason: 'text?', started_at: number, finished_at: 'number?', exit_code: 'number?' },
    ...{ signal: 'text?', output_from: number, output_to: 'number?' },
  },
} as const satisfies Record<string, Record<string, Type>>

export type TableName = keyof typeof tables

export const tableNames = Object.keys(tables) as readonly TableName[] // its own keys

export function columnsOf(table: TableName): string[] {
  return Object.keys(tables[table])
}

/** Those that a server has too that is alone. */
export function columnsAlone(table: TableName): string[] {
  return columnsOf(table).filter((column) => !ofFleets.includes(column))
}

const ofFleets = ['label', 'worker', 'rollout', 'unit', 'max_parallel']

/** What an archive is made of. A delivery stands there with its whole body; an output comes in pieces. */
export type Entry =
  | { readonly kind: Exclude<TableName, 'delivery'>; readonly row: ArchiveRow }
  | { readonly kind: 'delivery'; readonly row: ArchiveRow; readonly body: Uint8Array }
  /** `at`: its offset in what is stored. The pieces of one run follow each other without a gap. */
  | {
      readonly kind: 'output'
      readonly run: number
      readonly at: number
      readonly bytes: Uint8Array
    }

/** No more of a body or an output stands in one line. */
export const PIECE = 48 * 1024
/** So much of an output is read at once. */
export const BLOCK = 16 * PIECE

/** A row as a database gives it, with the columns of its table and no others; those it lacks are null. */
export function rowOf(table: TableName, given: Readonly<Record<string, unknown>>): ArchiveRow {
  return Object.fromEntries(
    Object.entries<Type>(tables[table]).map(([column, type]) => {
      const value = given[column] ?? null
      if (isOf(type, value)) return [column, value]
      throw new RunhookError(
        'storage',
        `The database holds a ${table} with an unreadable ${column}.`,
      )
    }),
  )
}

/** A row as it stands in a line of JSON, where bytes are base64. */
export function writtenRow(row: ArchiveRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  )
}

/** Columns that archives of earlier releases lack. */
const younger = ['issuer', 'subject']

/** What was read out of a line; null when it is no such row. */
export function readRow(table: TableName, found: unknown): ArchiveRow | null {
  if (typeof found !== 'object' || found === null) return null
  const types: Readonly<Record<string, Type>> = tables[table]
  const row: Record<string, Value> = {}
  for (const [column, written] of Object.entries(found)) {
    const type = Object.hasOwn(types, column) ? types[column] : undefined
    const value = type?.startsWith('bytes') ? bytesOf(written) : written
    if (type === undefined || !isOf(type, value)) return null
    row[column] = value
  }
  for (const column of younger) if (column in types) row[column] ??= null
  return Object.keys(types).every((column) => column in row) ? row : null
}

/** Undefined for what is no base64. */
export function bytesOf(written: unknown): Uint8Array | null | undefined {
  if (written === null) return null
  if (typeof written !== 'string') return undefined
  const bytes = Buffer.from(written, 'base64')
  return bytes.toString('base64') === written ? bytes : undefined
}

function isOf(type: Type, value: unknown): value is Value {
  if (value === null) return type.endsWith('?')
  switch (type) {
    case 'number':
    case 'number?':
      return Number.isSafeInteger(value)
    case 'flag':
      return typeof value === 'boolean'
    case 'bytes':
    case 'bytes?':
      return value instanceof Uint8Array
    default:
      return typeof value === 'string'
  }
}
