/**
 * The ear of a process: one connection of its own that LISTENs for words. It may break or fall silent at any time;
 * then another takes its place, and everybody is told to look for himself, because words that were sent
 * meanwhile are lost. A pooler in transaction mode lets nobody listen: that is found out and said once, and
 * all goes on by polling.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from '../log.ts'
import type { Session } from './connect.ts'
import { CHANNEL, type Word, wordsOf } from './notices.ts'
import { asStorageError } from './storage-error.ts'

/** Somebody who wants to hear. */
export interface Hearer {
  word?(word: Word): void
  /** There is a connection again: what was said meanwhile was not heard. */
  reconnected?(): void
}

export interface ListenOptions {
  /** Of this process, as the database shows it. */
  readonly name: string
  readonly log: Log
  /** Other connections than the listener's own: what one tells itself it hears even through a pooler. */
  readonly database: Pick<Session, 'query'>
  /** How often a connection that says nothing is asked whether it is there, and how long it may take to answer. */
  readonly heartbeatMs?: number
  /** How long its own word may take to come back. */
  readonly echoMs?: number
  /** How often a connection that was well is tried so again: it may lead to a server that nobody else speaks to any more. */
  readonly proveMs?: number
}

const CONNECT_MS = 4000
const HEARTBEAT_MS = 2000
const ECHO_MS = 2000
const PROVE_MS = 30_000
const HANG_UP_MS = 100
const BACK_OFF_MS = { first: 100, most: 2000 }

export class Listener {
  readonly #url: string
  readonly #options: ListenOptions
  readonly #hearers = new Set<Hearer>()
  readonly #closing = new AbortController()
  #client: pg.Client | null = null
  #going: Promise<void> | null = null
  #echo: { readonly payload: string; readonly heard: () => void } | null = null
  #hears = false
  /** What the log was told last. */
  #told: 'well' | 'lost' | 'deaf' = 'well'

  /** `url` as Postgres takes it. */
  constructor(url: string, options: ListenOptions) {
    this.#url = url
    this.#options = options
  }

  /** Whether words come through at present. */
  get hears(): boolean {
    return this.#hears
  }

  /** Until what it returns is called. A hearer must not throw and should be quick. */
  join(hearer: Hearer): () => void {
    this.#hearers.add(hearer)
    return () => this.#hearers.delete(hearer)
  }

  start(): void {
    this.#going ??= this.#keepOn()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#hangUp()
    await this.#going
  }

  async #keepOn(): Promise<void> {
    let pauseMs = BACK_OFF_MS.first
    while (!this.#closing.signal.aborted) {
      const since = performance.now()
      await this.#listen().catch((error: unknown) => this.#lost(error))
      this.#hears = false
      if (performance.now() - since > CONNECT_MS + BACK_OFF_MS.most) pauseMs = BACK_OFF_MS.first
      await this.#pause(pauseMs)
      pauseMs = Math.min(BACK_OFF_MS.most, pauseMs * 2)
    }
  }

  /** One life of a connection: rejects when it breaks, resolves when this closes. */
  async #listen(): Promise<void> {
    const { name, heartbeatMs = HEARTBEAT_MS, proveMs = PROVE_MS } = this.#options
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: `runhook ${name} listens`.slice(0, 63),
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: heartbeatMs,
    })
    this.#client = client
    const broken = Promise.withResolvers<never>()
    broken.promise.catch(() => undefined)
    client.on('error', (error) => broken.reject(error)) // without a listener it would end the process
    client.on('end', () => broken.reject(new Error('the connection was closed')))
    client.on('notification', ({ payload = '' }) => this.#hear(payload))
    const ask = (sql: string) => Promise.race([client.query(sql), broken.promise])
    try {
      await Promise.race([client.connect(), broken.promise])
      await ask(`LISTEN ${CHANNEL}`)
      this.#each((hearer) => hearer.reconnected?.())
      if (!(await this.#comesBack()) && !this.#closing.signal.aborted) this.#tell('deaf')
      let provenAt = performance.now()
      while (!this.#closing.signal.aborted) {
        await Promise.race([this.#pause(heartbeatMs), broken.promise])
        if (!this.#closing.signal.aborted) await ask('SELECT 1')
        if (!this.#hears || performance.now() - provenAt < proveMs) continue
        const comesBack = await this.#comesBack().catch(() => null)
        if (comesBack === null) continue // who sends it could not: that says nothing of this connection
        if (!comesBack) throw new Error('the connection brings no news any more')
        provenAt = performance.now()
      }
    } finally {
      this.#hangUp()
    }
  }

  /** Whether a word of its own does; who sends it must not be the one who listens. */
  async #comesBack(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#echo = { payload: `echo ${randomUUID()}`, heard: () => resolve(true) }
    await this.#options.database.query('SELECT pg_notify($1, $2)', [CHANNEL, this.#echo.payload])
    const never = this.#pause(this.#options.echoMs ?? ECHO_MS).then(() => false)
    return Promise.race([promise, never])
  }

  #hear(payload: string): void {
    if (payload === this.#echo?.payload) {
      this.#hears = true // also when it comes late
      this.#tell('well')
      this.#echo.heard()
    }
    for (const word of wordsOf(payload)) this.#each((hearer) => hearer.word?.(word))
  }

  #each(tell: (hearer: Hearer) => void): void {
    for (const hearer of this.#hearers) tell(hearer)
  }

  #lost(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#tell('lost', asStorageError(error).message)
  }

  /** Once each time that it changes. */
  #tell(state: 'well' | 'lost' | 'deaf', why = ''): void {
    if (state === this.#told) return
    const { log } = this.#options
    this.#told = state
    if (state === 'well') log.info('    news of the fleet comes through again')
    if (state === 'lost') log.warn(`no news of the fleet, trying again: ${why}`)
    if (state === 'deaf') log.warn(DEAF)
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }

  /** It is told, and not waited for: a connection that is dead would not answer. */
  #hangUp(): void {
    const client = this.#client
    this.#client = null
    if (client === null) return
    void client.end().catch(() => undefined)
    setTimeout(() => client.connection.stream.destroy(), HANG_UP_MS).unref()
  }
}

const DEAF =
  'the database passes no news on (LISTEN is not heard): it is asked for instead, which takes a second or two. ' +
  'So it is behind a pooler in transaction mode: give "database" an address past it, or one in session mode.'
