/**
 * The one way to a PostgreSQL server: a pool of connections, transactions that are tried again where the
 * server asks for it, and its errors in our words. Whoever it cannot reach gets `storage`, which is 503 for a
 * sender, and the next call tries anew; nothing has to be restarted.
 */

import { createHash } from 'node:crypto'
import pg from 'pg'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { UnreadableRow } from '../record/rows.ts'

export type Row = Record<string, unknown>
type Values = readonly unknown[]

/** Statements of one transaction, or of none. */
export interface Session {
  query(sql: string, values?: Values): Promise<Row[]>
}

export interface ConnectOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string
  readonly connections?: number
  /** Told of connections that break while nobody uses them. */
  readonly onLost?: (error: Error) => void
}

/** How long anybody waits for a connection: a sender is told 503 within that. */
const CONNECT_MS = 4000
/** No statement of ours takes as long; one that does stands behind a connection that is dead. */
const STATEMENT_MS = 8000
const TRIES = 5

/**
 * Of each connection. A client that was cut off in the middle of a transaction holds its locks until the
 * server notices: by these it does within seconds, where the kernel's own keepalive takes two hours.
 */
const settings = `SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '${STATEMENT_MS}ms';
  SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
  SET client_connection_check_interval = '1s'; SET synchronous_commit = on; SET TimeZone = 'UTC'`

export class Postgres implements Session {
  readonly #pool: pg.Pool

  /** `url` as libpq has it: postgres://user:password@host:5432/name?sslmode=verify-full */
  constructor(url: string, { name, connections = 10, onLost }: ConnectOptions) {
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: `runhook ${name}`.slice(0, 63),
      max: connections,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS + 1000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      types: { getTypeParser: typeParser },
      onConnect: async (client) => void (await client.query(settings)),
    })
    // Without listeners they would end the process: the pool's own is gone while somebody has the connection,
    // who hears of the end by the statement that fails.
    this.#pool.on('error', (error) => onLost?.(error))
    this.#pool.on('connect', (client) => void client.on('error', () => undefined))
  }

  async query(sql: string, values: Values = []): Promise<Row[]> {
    try {
      return rowsOf(await this.#pool.query(sql, values.map(storable)))
    } catch (error) {
      throw asStorageError(error)
    }
  }

  /**
   * All of `work` or nothing. It is called again, from its beginning, where two transactions got in each
   * other's way, so it must have no effect but through its session. When the commit itself got no answer,
   * this rejects although all of it may be stored: who asks again must find out.
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(work)
      } catch (error) {
        if (tries < TRIES && (isCollision(error) || isOutdated(error))) continue
        throw asStorageError(error)
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }

  async #once<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    try {
      await client.query('BEGIN')
      const value = await work({
        query: async (sql, values = []) => {
          return (await client.query({ ...prepared(sql, values), values: values.map(storable) }))
            .rows
        },
      })
      await client.query('COMMIT')
      return value
    } catch (error) {
      broken = await rolledBack(client, error)
      throw error
    } finally {
      client.release(broken)
    }
  }
}

/** Undefined when the connection can be used again. */
async function rolledBack(client: pg.PoolClient, error: unknown): Promise<Error | undefined> {
  try {
    const settled = error instanceof RunhookError || error instanceof pg.DatabaseError
    if (settled && !isOutdated(error)) {
      await client.query('ROLLBACK')
      return undefined
    }
  } catch {
    // It is given up.
  }
  return error instanceof Error ? error : new Error(messageOf(error))
}

/**
 * PostgreSQL has no U+0000 in its text. A payload may name a branch so, which must not make a delivery one that
 * can never be stored; nothing is known by such a name. In JSON text it is written out, and stays.
 */
function storable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(storable)
  return typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd') : value
}

/** Several statements without values are answered by a list of results. */
function rowsOf(result: pg.QueryResult<Row> | readonly pg.QueryResult<Row>[]): Row[] {
  return 'rows' in result ? result.rows : result.flatMap(({ rows }) => rows)
}

/** `int8` as a number: our numbers and times in milliseconds stay below 2^53. */
const typeParser: typeof pg.types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 && format !== 'binary'
    ? Number
    : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization_failure, deadlock_detected */
function isCollision(error: unknown): boolean {
  return ['40001', '40P01'].includes(systemCode(error) ?? '')
}

/**
 * A statement that a connection has prepared gives other columns now: a newer release has changed the tables.
 * feature_not_supported; nothing else that we ask is.
 */
function isOutdated(error: unknown): boolean {
  return systemCode(error) === '0A000'
}

/**
 * Statements of transactions, of which there are few and each is asked again and again. Planning the longer ones
 * costs more than carrying them out, so each connection keeps their plans.
 */
function prepared(text: string, values: Values): { text: string; name?: string } {
  if (text.length < PREPARED_LENGTH || values.length === 0) return { text }
  const name =
    names.get(text) ?? `runhook_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
  names.set(text, name)
  return { text, name }
}

const PREPARED_LENGTH = 150
const names = new Map<string, string>()

/** A unique index refused: somebody else was first. */
export function isTaken(error: unknown): boolean {
  return systemCode(error) === '23505'
}

/**
 * Whether the database is well, and asking it again would bring the same: a row that cannot be read, or a value that
 * it does not take. https://www.postgresql.org/docs/current/errcodes-appendix.html: data exceptions, and violated
 * constraints; but not that somebody else was first.
 */
export function isHopeless(error: unknown): boolean {
  if (error instanceof UnreadableRow) return true
  if (error instanceof RunhookError && error.code !== 'storage') return error.code === 'not-found'
  const cause = error instanceof RunhookError ? error.cause : error
  if (cause instanceof TypeError || cause instanceof RangeError) return true
  return /^2[23]/.test(systemCode(cause) ?? '') && !isTaken(cause)
}

/** What the server or the way to it said, without the URL, in which the password is. */
export function asStorageError(error: unknown): RunhookError {
  if (error instanceof RunhookError) return error
  return new RunhookError('storage', `The database cannot be used: ${reasonOf(error)}.`, {
    hint: 'Check "database" of "server" in the hooks file, and that PostgreSQL runs.',
    cause: error,
  })
}

/** Several addresses that were tried make an AggregateError, whose own message is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return messageOf(error).replace(/\.$/, '')
}
