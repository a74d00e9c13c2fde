/**
 * Words between the processes of a fleet: that something has changed, never what it has changed to. Who gets
 * one looks for himself, and who gets none finds out by a slow poll, so a lost word costs seconds and nothing
 * else. They go by NOTIFY on one channel, one line each: "move 12 13", "wake label.web".
 *
 * Never inside of a transaction: there a NOTIFY takes a lock of the whole database until the commit, and all
 * transactions that notify would wait for each other. So a word is told after the commit.
 */

import type { Session } from './connect.ts'

export type Word =
  /** A job has come to a queue of pg-boss. */
  | { readonly kind: 'wake'; readonly queue: string }
  /** `move`: it is queued, began, a step of it did, it ended. `cancel`: somebody wants it ended. `output`: it wrote. */
  | { readonly kind: 'move' | 'cancel' | 'output'; readonly run: number }

export const CHANNEL = 'runhook'

/** The server takes less than 8000 bytes: https://www.postgresql.org/docs/current/sql-notify.html */
const PAYLOAD = 7900
const GATHERED_MS = 5
/** More are dropped: the database is away, and whoever missed them looks when it is back. */
const MOST = 10_000

export class Notices {
  readonly #database: Pick<Session, 'query'>
  readonly #lines = new Set<string>()
  #going: Promise<void> | null = null

  constructor(database: Pick<Session, 'query'>) {
    this.#database = database
  }

  /** Call it after the commit. Never throws and is never waited for; the same word of one moment is sent once. */
  tell(...words: readonly Word[]): void {
    for (const word of words) if (this.#lines.size < MOST) this.#lines.add(lineOf(word))
    if (this.#lines.size > 0) this.#going ??= this.#send()
  }

  /** Resolves when what was told before is sent, or lost. */
  async close(): Promise<void> {
    while (this.#going !== null) await this.#going
  }

  /** One at a time: what is told meanwhile is gathered for the next. */
  async #send(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHERED_MS))
    const payloads = payloadsOf(this.#lines)
    this.#lines.clear()
    try {
      const sql = 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload'
      await this.#database.query(sql, [CHANNEL, payloads])
    } catch {
      // With the connection the words are lost.
    }
    this.#going = this.#lines.size > 0 ? this.#send() : null
  }
}

/** Words of a payload. A newer release may send others: what is not known here is left out. */
export function wordsOf(payload: string): Word[] {
  return payload.split('\n').flatMap((line): Word[] => {
    const [kind = '', ...about] = line.split(' ')
    if (kind === 'wake') return about.filter(Boolean).map((queue) => ({ kind, queue }))
    if (kind !== 'move' && kind !== 'cancel' && kind !== 'output') return []
    return about.filter((id) => /^\d{1,15}$/.test(id)).map((id) => ({ kind, run: Number(id) }))
  })
}

function lineOf(word: Word): string {
  return word.kind === 'wake' ? `wake ${word.queue}` : `${word.kind} ${word.run}`
}

/** Words of a kind share a line, lines a payload, as far as there is room. */
export function payloadsOf(lines: Iterable<string>): string[] {
  const payloads: string[] = []
  let payload = ''
  let kind = ''
  for (const line of [...lines].sort()) {
    const [name = ''] = line.split(' ', 1)
    const rest = line.slice(name.length)
    const more = name === kind ? rest : `${payload === '' ? '' : '\n'}${line}`
    if (Buffer.byteLength(payload) + Buffer.byteLength(more) <= PAYLOAD) {
      payload += more
    } else {
      payloads.push(payload)
      payload = line
    }
    kind = name
  }
  if (payload !== '') payloads.push(payload)
  return payloads
}
