/**
 * A server whose system calls fail, by strace, while it works: what it answers meanwhile, what it has kept,
 * and that it goes on when they work again. SQLite tests itself in the same way: the n-th call fails, once or
 * from there on, for n = 1, 2, 3, … (https://www.sqlite.org/testing.html#i_o_error_testing).
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { checkIntegrity } from './crash-checks.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { SECRET, until } from './some.ts'

export interface Fault {
  /** As strace's `inject=` has them: `openat`, `clone,clone3`. */
  readonly calls: string
  readonly error: string
  /** Also in the threads; else only where the event loop runs. */
  readonly threads?: boolean
  /** Only calls on this file of the data directory. */
  readonly file?: string
}

/** Of every step of the way: a delivery's storing, its run's files and processes, the end of both. */
const hooks = {
  site: { repo: 'github:acme/site', secret: SECRET, run: 'echo deployed', concurrency: false },
  // Its slot cannot be used again, so that each run makes the server start one.
  leaving: {
    repo: 'github:acme/site',
    secret: SECRET,
    run: 'setsid sleep 0.2 & echo deployed',
    concurrency: false,
    leftovers: 'keep',
  },
}

/** Deliveries that are sent while a fault is there. */
const SENT = 6
/** For an answer. A sender waits ten seconds, and a machine that is busy is no hanging server. */
const ANSWER_MS = 10_000

let guids = 0

/** One server that meets the fault at each of these calls, once and from there on. */
export async function faultyServer(fault: Fault, numbers: readonly number[]): Promise<Met> {
  const server = await aRunhook({ hooks })
  const met: Met = { answers: new Map(), failures: [] }
  for (const when of numbers.flatMap((n) => [`${n}`, `${n}+`])) {
    const mend = await breaking(server, fault, when)
    const sent = deliveries(server)
    // What cannot even be accepted waits for better times.
    await (fault.calls === 'accept4' ? sleep(300) : sent)
    await mend()
    for (const [guid, answer] of await sent) met.answers.set(guid, answer)
    const [[guid, after] = ['', '']] = await deliveries(server, 1)
    expect([when, after]).toEqual([when, '202'])
    met.answers.set(guid, after)
    checkIntegrity(databaseOf(server))
  }
  await until(() => runsOf(server).every(({ finished }) => finished), 'the end of all runs', 60_000)
  expect(await server.stop()).toBe(0)
  expect(server.output()).not.toMatch(/uncaught|unhandled|TypeError|\n {4}at /i)
  met.failures = checkKept(server, met.answers)
  return met
}

export interface Met {
  /** What each delivery was answered: a status, or the connection's error. */
  readonly answers: Map<string, string>
  /** Reasons of the runs that failed. */
  failures: string[]
}

/** What is acknowledged is stored, and nothing else; each has its one run, which says why if it failed. */
function checkKept(server: Running, answers: ReadonlyMap<string, string>): string[] {
  const acknowledged = [...answers].filter(([, answer]) => answer === '202').map(([guid]) => guid)
  const runs = runsOf(server)
  expect(runs.map(({ guid }) => guid).toSorted()).toEqual(acknowledged.toSorted())
  expect(runs.filter(({ status }) => !['success', 'failure'].includes(status))).toEqual([])
  const failed = runs.filter(({ status }) => status === 'failure')
  expect(failed.filter(({ reason }) => !reason)).toEqual([])
  return failed.map(({ reason }) => reason)
}

/** From now on the calls fail. Resolves once they do, with what mends them. */
async function breaking({ child, directory }: Running, fault: Fault, when: string) {
  const { calls, error, threads, file } = fault
  const only = file === undefined ? [] : ['-P', join(directory, '.runhook', file)]
  const how = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}:when=${when}`, ...only]
  const follow = threads ? ['-f'] : []
  const args = ['-o', '/dev/null', ...follow, ...how, '-p', String(child.pid)]
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let told = ''
  strace.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const ended = new Promise((resolve) => strace.once('exit', resolve))
  await until(() => {
    if (strace.exitCode !== null) throw new Error(`strace ended: ${told}`)
    return told.includes('attached')
  }, `strace to be there: ${told}`)
  return async () => {
    strace.kill('SIGINT')
    await ended
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Some at once and some one after the other, to both hooks, with what each was answered. */
async function deliveries(server: Running, count = SENT): Promise<[string, string][]> {
  const atOnce = Array.from({ length: Math.floor(count / 2) }, () => deliver(server))
  const all = await Promise.all(atOnce)
  while (all.length < count) all.push(await deliver(server))
  return all
}

async function deliver(server: Running): Promise<[string, string]> {
  const guid = `guid-${++guids}`
  const body = aPushBody()
  const headers = asGitHub(body, { 'x-github-delivery': guid })
  const path = guids % 2 === 0 ? '/hooks/site' : '/hooks/leaving'
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS, 'no answer')
  })
  const answered = server.post(path, { body, headers }).then(
    ({ status }) => String(status),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )
  const answer = await Promise.race([answered, late])
  clearTimeout(timer)
  return [guid, answer]
}

const databaseOf = ({ directory }: Running) => join(directory, '.runhook/runhook.db')

/** Each delivery with its run; a delivery without one has an empty status. */
function runsOf(server: Running) {
  const database = new DatabaseSync(databaseOf(server), { readOnly: true })
  try {
    const rows = database
      .prepare(
        `SELECT d.guid, r.status, r.reason, r.finished_at AS finished
          FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id`,
      )
      .all()
    return rows.map(({ guid, status, reason, finished }) => ({
      guid: String(guid),
      status: String(status ?? ''),
      reason: String(reason ?? ''),
      finished: finished !== null,
    }))
  } finally {
    database.close()
  }
}

/** What became of the answers, counted. */
export function counted(answers: Iterable<string>): Record<string, number> {
  const count: Record<string, number> = {}
  for (const answer of answers) count[answer] = (count[answer] ?? 0) + 1
  return count
}
