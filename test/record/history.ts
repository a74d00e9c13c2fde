/**
 * A history with something of everything that is kept, made by a real Store: repeats, retries, a run that goes
 * on and one that waits, bodies of any bytes, outputs that were cut, refusals, tokens, people.
 */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Delivery } from '../../src/model/delivery.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { RunEnd } from '../../src/model/run.ts'
import { readSqlite } from '../../src/record/archive-sqlite.ts'
import type { Entry } from '../../src/record/archive-tables.ts'
import { archiveOf } from '../../src/record/archive-writer.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aStep } from '../show/world.ts'
import { aDelivery, aHook, aPush } from '../some.ts'

export const WRITTEN_AT = Date.UTC(2026, 10, 23, 14, 30)

/** Any byte, and more of them than one piece holds. */
export const binaryBody = Buffer.from(Array.from({ length: 150_001 }, (_, index) => index % 256))

const end: RunEnd = {
  status: 'success',
  exitCode: 0,
  signal: null,
  reason: null,
  outputBytes: 5,
  outputCut: 0,
  steps: [aStep({ outputTo: 5 }), aStep({ number: 2, name: 'zwei', title: 'echo ü\t"\\' })],
}

/** Open, for a test that goes on with it; close it with `close`. */
export async function aHistory(directory: string) {
  const store = openSqlite(directory)
  const output = new FileOutputLog(join(directory, 'output'), {
    limits: { head: 1000, tail: 2000 },
  })
  const asked = async (fields: Partial<Delivery> = {}, hook: Partial<Hook> = {}) => {
    const wanted = [{ hook: aHook(hook), update: 0, inputs: { größe: '12\u0000"' } }]
    const verdicts = [{ hook: 'deploy-site', update: 0, matched: true, checks: [], run: null }]
    const { queued, delivery } = await store.accept(aDelivery(fields), verdicts, wanted)
    return { run: queued[0]?.id ?? 0, delivery: delivery.id }
  }
  const wrote = async (run: number, text: string) => {
    const writer = output.open(run)
    writer.write(Buffer.from(text))
    await writer.close()
  }
  await store.keepConfig(new Map([['c0ffee000000', '{ "run": "true" } // ☕']]))

  const first = await asked({ guid: 'AAAA-1', body: binaryBody })
  await store.begin(first.run, 'c0ffee000000')
  await wrote(first.run, 'grüße\n')
  await store.finish(first.run, end)
  await asked({ guid: 'aaaa-1', body: binaryBody }) // the same once more: held back

  const failing = await asked({
    sender: '日本\u202e\u0007',
    action: 'opened',
    updates: [aPush('ü/x')],
  })
  await store.begin(failing.run, 'c0ffee000000')
  await wrote(failing.run, 'x'.repeat(100_000)) // cut in its middle
  const retry = { run: failing.run, number: 1, times: 3, interruptions: 0 }
  const plan = { retry, delayMs: 3_600_000, keep: null, says: 'retry 1 of 3 in 1h' }
  const failed = { ...end, status: 'failure', exitCode: 3, reason: 'exit code 3' } as const
  await store.finish(failing.run, { ...failed, outputBytes: 100_000, outputCut: 97_000 }, plan)

  const running = await asked(
    {},
    { name: 'slow', concurrency: aHook({ name: 'slow' }).concurrency },
  )
  await store.begin(running.run, 'c0ffee000000')
  await wrote(running.run, 'so far')
  const waiting = await asked({ guid: null }, { name: 'slow' })
  await asked({
    problem: 'the body is no JSON',
    host: 'webhook',
    endpoint: '/x',
    body: Buffer.of(),
  })

  const token = (name: string) => createHash('sha256').update(name).digest()
  const made = { role: 'operator', createdBy: 'ada', expiresAt: WRITTEN_AT + 1 } as const
  await store.tokens.create({ ...made, name: 'ci', hash: token('ci') })
  await store.tokens.create({ ...made, name: 'old', hash: token('old') })
  await store.tokens.revoke('old')
  await store.accounts.users.create({ name: 'gone', role: 'viewer', createdBy: 'x' })
  const ada = await store.accounts.users.create({
    name: 'Ada',
    role: 'admin',
    createdBy: 'the first link',
  })
  await store.accounts.users.create({ name: 'bob', role: 'viewer', createdBy: 'Ada' })
  await store.accounts.users.setPassword('ada', 'scrypt$15$c2FsdA$a2V5')
  await store.accounts.users.disable('bob', WRITTEN_AT - 1)
  await store.accounts.users.remove('gone')
  const signedIn = { userId: ada.id, at: Date.now(), address: '::1', userAgent: 'x' }
  await store.accounts.sessions.create({ hash: token('session'), ...signedIn })
  await store.accounts.links.create({ hash: token('link'), userId: ada.id, at: Date.now() })
  const done = { who: 'Ada', via: 'session', address: '::1', what: 'user.add', outcome: 'ok' }
  await store.accounts.audit.add({ ...done, at: Date.now(), object: 'user bob (viewer)' })
  const refused = { method: 'POST', path: '/hooks/ü', address: '::1', status: 401, reason: 'no' }
  store.refuse({ ...refused, at: Date.now() })
  store.refuse({ ...refused, at: Date.now() - 60_000 })
  await store.refusals({ since: 0, limit: 1 }) // has them written
  pruned(directory, first.delivery)
  return { store, output, first, failing, running, waiting, close: () => store.close() }
}

/** Runs that are known by this alone; of the two for one update, the one that succeeded counts. */
function pruned(directory: string, delivery: number): void {
  const database = new DatabaseSync(join(directory, 'runhook.db'))
  const insert = database.prepare('INSERT INTO pruned_runs VALUES (?, ?, ?, ?, ?)')
  insert.run(delivery, 'gone', 0, 90, 'success')
  insert.run(delivery, 'gone', 0, 91, 'failure')
  insert.run(delivery, 'gone', 1, 92, 'failure')
  database.close()
}

export function archiveBytes(directory: string): Promise<Buffer> {
  return readSqlite(directory, (entries) => bytesOf(entries))
}

export async function bytesOf(entries: AsyncIterable<Entry>): Promise<Buffer> {
  const blocks: Uint8Array[] = []
  for await (const block of archiveOf(entries, WRITTEN_AT)) blocks.push(block)
  return Buffer.concat(blocks)
}

/** The lines' values, without the checks. */
export function valuesOf(bytes: Buffer): Record<string, Record<string, unknown>>[] {
  const lines = bytes.toString().trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line)).filter((value) => !('check' in value))
}
