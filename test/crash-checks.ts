/** What must hold of a data directory whose server was killed at any moment, and has ended in peace since. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { findCgroupPlace } from '../src/run/cgroup-place.ts'

/** How many runs there were, by status. */
export function checkCrashed(
  directory: string,
  acknowledged: ReadonlySet<string>,
  grouped: readonly string[],
): Record<string, number> {
  const { guids, runs, token } = stored(directory)
  expect([...acknowledged].filter((guid) => !guids.has(guid))).toEqual([])
  checkRuns(runs, guids.size)
  checkJournal(readFileSync(join(directory, 'journal'), 'utf8'), runs, grouped)
  expect(processesOf(directory)).toEqual([])
  expect(controlGroupsOf(token)).toEqual([])
  checkFiles(join(directory, '.runhook'))
  const count: Record<string, number> = {}
  for (const { status } of runs) count[status] = (count[status] ?? 0) + 1
  return count
}

/** Runs that have no final status yet; the server may be at work. */
export function unfinished(directory: string): number {
  const database = new DatabaseSync(join(directory, '.runhook/runhook.db'), { readOnly: true })
  try {
    const of = 'SELECT count(*) AS count FROM runs WHERE finished_at IS NULL'
    return Number(database.prepare(of).get()?.count)
  } finally {
    database.close()
  }
}

/** "ok" and nothing else. */
export function checkIntegrity(path: string): void {
  const database = new DatabaseSync(path)
  try {
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([])
  } finally {
    database.close()
  }
}

interface StoredRun {
  id: number
  delivery: number
  hook: string
  attempt: number
  status: string
  finished: number | null
}

function stored(directory: string) {
  const path = join(directory, '.runhook/runhook.db')
  checkIntegrity(path)
  const database = new DatabaseSync(path)
  try {
    const all = (sql: string) => database.prepare(sql).all()
    return {
      guids: new Set(all('SELECT guid FROM deliveries').map((row) => String(row.guid))),
      runs: all(
        `SELECT id, delivery_id AS delivery, hook, attempt, status, finished_at AS finished
          FROM runs ORDER BY delivery_id, hook, attempt`,
      ) as unknown as StoredRun[],
      token: String(all("SELECT value FROM settings WHERE name = 'token'")[0]?.value),
    }
  } finally {
    database.close()
  }
}

const RETRIED = new Set(['failing', 'again'])

/** Each delivery has its one run, and the attempts that followed it, one after the other. */
function checkRuns(runs: readonly StoredRun[], deliveries: number): void {
  const terminal = ['success', 'failure', 'interrupted', 'cancelled']
  expect(runs.filter(({ status, finished }) => !terminal.includes(status) || !finished)).toEqual([])
  const attempts = Map.groupBy(runs, ({ delivery, hook }) => `${delivery} ${hook}`)
  expect(attempts.size).toBe(deliveries)
  for (const of of attempts.values()) {
    expect(of.map(({ attempt }) => attempt)).toEqual(of.map((_, index) => index + 1))
    if (!RETRIED.has(of[0]?.hook ?? '')) expect(of).toHaveLength(1)
  }
}

/** No run starts twice; of a group nothing starts while another lives; rollbacks follow the last attempt alone. */
function checkJournal(
  journal: string,
  runs: readonly StoredRun[],
  grouped: readonly string[],
): void {
  const lines = journal
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string, string])
  expect(lines.filter((line) => line.length !== 3)).toEqual([])
  const withWord = (wanted: string) =>
    lines.filter(([, word]) => word === wanted).map(([marker]) => Number(marker.split(':')[1]))
  const started = withWord('start')
  const ended = new Set(withWord('end'))
  expect(new Set(started).size).toBe(started.length)
  expect(withWord('overlap')).toEqual([])
  for (const group of grouped) checkOrder(lines.filter(([, , name]) => name === group))
  const begun = new Set(started)
  expect(runs.filter(({ id, status }) => status === 'success' && !begun.has(id))).toEqual([])
  expect(runs.filter(({ id, status }) => status === 'success' && !ended.has(id))).toEqual([])
  checkRollbacks(withWord('back'), runs)
}

/** A start without an end was cut off; the next one may only come after that. */
function checkOrder(lines: readonly [string, string, string][]): void {
  let open: string | null = null
  for (const [marker, word] of lines) {
    if (word === 'start') open = marker
    else expect(open).toBe(marker)
  }
}

function checkRollbacks(back: readonly number[], runs: readonly StoredRun[]): void {
  expect(new Set(back).size).toBe(back.length)
  const last = new Map(runs.map((run) => [`${run.delivery} ${run.hook}`, run.id]))
  const failed = runs.filter(({ status }) => status === 'failure')
  const final = failed.filter(({ id, delivery, hook }) => last.get(`${delivery} ${hook}`) === id)
  expect(final.filter(({ id }) => !back.includes(id))).toEqual([])
  const early = failed.filter((run) => !final.includes(run))
  expect(early.filter(({ id }) => back.includes(id))).toEqual([])
}

/** Command lines of what works there, or was started by a run of that directory. */
export function processesOf(directory: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const of = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'latin1')
      const here =
        readlinkSync(`/proc/${pid}/cwd`).startsWith(directory) || of('environ').includes(directory)
      return here ? [`${pid} ${of('cmdline').replaceAll('\0', ' ')}`] : []
    } catch {
      return [] // gone meanwhile, or another user's
    }
  })
}

/** Those of the data directory with this token, wherever its servers could make some. */
export function controlGroupsOf(token: string): string[] {
  const place = findCgroupPlace('test')
  if ('reason' in place) return []
  return readdirSync(place.base).filter((name) => name.startsWith(`runhook-${token}-`))
}

/** Nothing but what a server makes once, and what it keeps to use again, which one kill cannot add to. */
function checkFiles(data: string): void {
  const known = [
    'lock.db',
    'lock.db-journal',
    'output',
    'payloads',
    'pipes',
    'runhook.db',
    'started',
  ]
  expect(readdirSync(data).filter((name) => !known.includes(name))).toEqual([])
  for (const folder of ['pipes', 'payloads']) {
    const files = readdirSync(data).includes(folder) ? readdirSync(join(data, folder)) : []
    expect(files.length).toBeLessThanOrEqual(32)
  }
}
