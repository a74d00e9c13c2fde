/**
 * The one way to a PostgreSQL server: a pool of connections, transactions that are tried again where the
 * server asks for it, and its errors in our words. Whoever it cannot reach gets `storage`, which is 503 for a
 * sender, and the next call tries anew; nothing has to be restarted.
 */

import pg from 'pg'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { UnreadableRow } from '../record/rows.ts'
import { limitMessages } from './frames.ts'
import { prepared, rowsOf, storable, typeParser } from './statement.ts'
import { asStorageError, isReadOnly, readOnly } from './storage-error.ts'

export type Row = Record<string, unknown>
export type Values = readonly unknown[]

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
  /** Also takes a database that cannot be written: for those who only look. */
  readonly mayOnlyRead?: boolean
  /** How long a connection is used at most. */
  readonly lifetimeS?: number
  /** Whether plans are kept by name: not for who asks once, and cannot ask twice where a pooler mixes them up. */
  readonly keepsPlans?: boolean
}

/** How long anybody waits for a connection: a sender is told 503 within that. */
const CONNECT_MS = 4000
/** No statement of ours takes as long; one that does stands behind a connection that is dead. */
const STATEMENT_MS = 8000
const TRIES = 5
/** So nobody stays for good with a server that new connections are not led to any more. */
const LIFETIME_S = 60

/**
 * Of each connection. A client that was cut off in the middle of a transaction holds its locks until the
 * server notices: by these it does within seconds, where the kernel's own keepalive takes two hours.
 * Functions and operators are those of PostgreSQL: in the usual path others of their names count too, that somebody
 * with fewer rights has put into a schema, and they would be carried out with ours.
 */
const settings = `SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '${STATEMENT_MS}ms';
  SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
  SET client_connection_check_interval = '1s'; SET synchronous_commit = on; SET TimeZone = 'UTC';
  SET search_path = pg_catalog, pg_temp; SET client_min_messages = warning; SHOW transaction_read_only`

/** Once more, because behind a pooler in transaction mode it need not be the connection that was set up. */
const BEGIN = 'BEGIN; SET LOCAL synchronous_commit = on'

export class Postgres implements Session {
  readonly #pool: pg.Pool
  readonly #bornAt = new WeakMap<pg.ClientBase, number>()
  readonly #unreplicated = new WeakSet<pg.ClientBase>()
  #distrustedAt = 0
  #keepsPlans: boolean

  /** `url` as libpq has it: postgres://user:password@host:5432/name?sslmode=verify-full */
  constructor(url: string, options: ConnectOptions) {
    const { name, connections = 10, onLost, lifetimeS = LIFETIME_S, keepsPlans = true } = options
    this.#keepsPlans = keepsPlans
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: `runhook ${name}`.slice(0, 63),
      max: connections,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS + 1000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      types: { getTypeParser: typeParser },
      maxLifetimeSeconds: lifetimeS,
      onConnect: async (client) => {
        limitMessages(client)
        // Several statements are answered by a list of results.
        const answer: unknown = await client.query(settings)
        const writes =
          rowsOf(answer as pg.QueryResult<Row>[]).at(-1)?.transaction_read_only === 'off'
        if (!writes && !options.mayOnlyRead) throw readOnly()
      },
    })
    // Without listeners they would end the process: the pool's own is gone while somebody has the connection,
    // who hears of the end by the statement that fails.
    this.#pool.on('error', (error) => onLost?.(error))
    this.#pool.on('connect', (client) => {
      this.#bornAt.set(client, performance.now())
      client.on('error', () => undefined)
      client.on('notice', (notice) => {
        if (notice.routine === UNREPLICATED) this.#unreplicated.add(client)
      })
    })
  }

  /** A statement alone that another transaction stood in the way of was undone, and is asked again. */
  async query(sql: string, values: Values = []): Promise<Row[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#queryOnce(sql, values)
      } catch (error) {
        if (tries < TRIES && isCollision(error)) continue
        throw asStorageError(error)
      }
    }
  }

  #queryOnce(sql: string, values: Values): Promise<Row[]> {
    return this.#withClient(async (client) => {
      const rows = rowsOf(await client.query(sql, values.map(storable)))
      this.#requireReplicated(client)
      return rows
    })
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
        if (isForgotten(error)) this.#keepsPlans = false
        if (tries < TRIES && [isCollision, isOutdated, isForgotten].some((is) => is(error)))
          continue
        throw asStorageError(error)
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }

  #once<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      await client.query(BEGIN)
      const value = await work({
        query: async (sql, values = []) => {
          const statement = this.#keepsPlans ? prepared(sql, values) : { text: sql }
          return (await client.query({ ...statement, values: values.map(storable) })).rows
        },
      })
      await client.query('COMMIT')
      this.#requireReplicated(client)
      return value
    })
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#trusted()
    let broken: Error | undefined
    try {
      return await work(client)
    } catch (error) {
      broken = await rolledBack(client, error)
      if (broken && !isHopeless(error)) this.#distrustedAt = performance.now()
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** One that was made after the last that failed: the others lead to where that one did. */
  async #trusted(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect()
      if ((this.#bornAt.get(client) ?? 0) >= this.#distrustedAt) return client
      client.release(true)
    }
  }

  /**
   * Somebody has cancelled the wait for the standby: the server then says that it has committed, and warns that only it
   * itself has. What is promised by that would be lost with it.
   */
  #requireReplicated(client: pg.PoolClient): void {
    if (this.#unreplicated.has(client))
      throw new Error('the wait for its synchronous standby was cancelled')
  }
}

/** Undefined when the connection can be used again. */
async function rolledBack(client: pg.PoolClient, error: unknown): Promise<Error | undefined> {
  try {
    const settled = error instanceof RunhookError || error instanceof pg.DatabaseError
    if (settled && !isOutdated(error) && !isReadOnly(error)) {
      await client.query('ROLLBACK')
      return undefined
    }
  } catch {
    // It is given up.
  }
  return error instanceof Error ? error : new Error(messageOf(error))
}

/** The function of the server that warns; its text is in the server's language. */
const UNREPLICATED = 'SyncRepWaitForLSN'

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
 * A pooler in transaction mode has led us to another connection than the one that has prepared the statement, or to
 * one where somebody else has. invalid_sql_statement_name, duplicate_prepared_statement
 */
function isForgotten(error: unknown): boolean {
  return ['26000', '42P05'].includes(systemCode(error) ?? '')
}

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
