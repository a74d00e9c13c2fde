/** What a database server says of itself, and of the fleet: for the doctor, who changes nothing there. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import { RunhookError, systemCode } from '../errors.ts'
import { Postgres, type Row } from './connect.ts'
import { schemaVersion } from './schema.ts'
import { asStorageError } from './storage-error.ts'

export interface KnownWorker {
  readonly name: string
  readonly labels: readonly string[]
  readonly alive: boolean
}

export interface Facts {
  /** "15.4" */
  readonly version: string
  /** 150004 */
  readonly versionNumber: number
  readonly user: string
  readonly superuser: boolean
  /** It is a standby, or was made read-only. */
  readonly readOnly: boolean
  /** What is committed survives a crash of its machine. */
  readonly fsync: boolean
  /** Steps that were taken, see schema.ts; null = this user may not read them. */
  readonly schema: number | null
  /** Its clock minus ours. */
  readonly skewMs: number
  /** Whether a NOTIFY reaches who listens: a pooler between us may swallow it. */
  readonly notifies: boolean
  readonly workers: readonly KnownWorker[]
}

const NOTIFY_MS = 2000

/** Rejects with a RunhookError of code `storage` when there is no way to it. */
export async function factsOf(url: string): Promise<Facts> {
  const database = new Postgres(url, { name: 'doctor', connections: 2, mayOnlyRead: true })
  try {
    await database.query('SELECT 1') // the way to it is not part of its clock
    const asked = Date.now()
    const [row = {}] = await database.query(settingsSql)
    const between = (asked + Date.now()) / 2
    const schema = await readable(() => schemaVersion(database), null)
    const notifies = await hears(url, database)
    const workers = schema ? await readable(() => database.query(workersSql), []) : []
    const skewMs = Math.round(Number(row.now) - between)
    return { ...settingsOf(row), schema, skewMs, notifies, workers: workers.map(workerOf) }
  } finally {
    await database.close()
  }
}

const settingsSql = `SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS number, current_user::text AS "user",
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
    current_setting('transaction_read_only')::bool AS read_only, current_setting('fsync')::bool AS fsync,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`

const workersSql = `SELECT name, labels, stopped_at IS NULL
    AND seen_at + lease_ms * interval '1 millisecond' > clock_timestamp() AS alive
  FROM runhook.workers ORDER BY name`

function settingsOf(row: Row) {
  return {
    version: String(row.version).split(' ', 1)[0] ?? '',
    versionNumber: Number(row.number),
    user: String(row.user),
    superuser: row.super === true,
    readOnly: row.read_only === true,
    fsync: row.fsync === true,
  }
}

function workerOf({ name, labels, alive }: Row): KnownWorker {
  const texts = Array.isArray(labels) ? labels.map(String) : []
  return { name: String(name), labels: texts, alive: alive === true }
}

/** `otherwise` where this user lacks the right. */
async function readable<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    const cause = thrown instanceof RunhookError ? thrown.cause : thrown
    if (systemCode(cause) === '42501') return otherwise // insufficient_privilege
    throw thrown
  }
}

async function hears(url: string, database: Postgres): Promise<boolean> {
  const channel = `runhook_doctor_${randomBytes(8).toString('hex')}`
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 4000 })
  client.on('error', () => undefined) // whoever waits below is told
  try {
    await client.connect()
    const heard = once(client, 'notification', { signal: AbortSignal.timeout(NOTIFY_MS) })
    const told = heard.then(
      () => true,
      () => false,
    )
    await client.query(`LISTEN ${channel}`)
    await database.query('SELECT pg_notify($1, $2)', [channel, ''])
    return await told
  } catch (thrown) {
    throw asStorageError(thrown)
  } finally {
    await client.end().catch(() => undefined)
  }
}
