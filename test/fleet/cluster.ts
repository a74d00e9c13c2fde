/**
 * A real fleet on one machine: receivers and workers as processes of their own, each with its own data folder,
 * on one PostgreSQL. Their commands write into one journal, and each group has a lock file: a run that does
 * not get its group's lock, because a process of the run before still lives anywhere, says "overlap".
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { aPushBody, asGitHub, send } from '../receive/receiver.ts'
import { aRunhook, bareEnvironment, MAIN, type Running } from '../running.ts'
import { aDirectory, SECRET, until } from '../some.ts'

export interface FleetProcess {
  readonly name: string
  readonly child: ChildProcess
  readonly output: () => string
  /** Its process ids, the worker's own and those under it that started it. */
  readonly pid: number
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface ClusterOptions {
  readonly url: string
  readonly hooks: Record<string, object>
  readonly server?: Record<string, unknown>
}

export type Cluster = ReturnType<typeof aCluster>

export function aCluster({ url, hooks, server = {} }: ClusterOptions) {
  const directory = aDirectory()
  const journal = join(directory, 'journal')
  writeFileSync(journal, '')
  const file = join(directory, 'hooks.json')
  const written = { server: { database: url, lease: '10s', ...server }, hooks }
  writeFileSync(file, JSON.stringify(written), { mode: 0o600 })
  const outputs: (() => string)[] = []
  const data = (name: string) => {
    const folder = join(directory, 'data', name)
    mkdirSync(folder, { recursive: true })
    return folder
  }
  const kept = <P extends { output: () => string }>(process: P): P => {
    outputs.push(process.output)
    return process
  }
  return {
    url,
    directory,
    journal: () => readJournal(journal),
    /** A receiver without workers of its own. */
    async receiver(name: string, more: { port?: number; only?: string } = {}): Promise<Running> {
      const args = ['--data', data(name), '--only', more.only ?? 'receive,show']
      if (more.port !== undefined) args.push('--port', String(more.port))
      return kept(await aRunhook({ directory, args, env: { HOME: directory } }))
    },
    async worker(name: string, more: WorkerOptions = {}): Promise<FleetProcess> {
      return kept(await aWorker(directory, file, name, data(name), more))
    },
    /** Everything any process has printed: nothing in it may be a failure that nobody expected. */
    checkOutputs() {
      const bad = outputs.filter((text) => /uncaught|Unhandled|heap|^Node\.js v/im.test(text()))
      expect(bad.map((text) => text())).toEqual([])
    },
    outputs: () => outputs.map((text) => text()),
  }
}

export interface WorkerOptions {
  readonly labels?: string
  readonly env?: NodeJS.ProcessEnv
  /** A program that starts it in its own place: `ip netns exec …`. */
  readonly under?: readonly string[]
  readonly args?: readonly string[]
}

async function aWorker(
  directory: string,
  file: string,
  name: string,
  data: string,
  { labels, env = {}, under = [], args = [] }: WorkerOptions,
): Promise<FleetProcess> {
  const words = ['worker', '--config', file, '--data', data, '--name', name, ...args]
  if (labels !== undefined) words.push('--labels', labels)
  const [program = '', ...given] = [...under, process.execPath, MAIN, ...words]
  const child = spawn(program, given, {
    cwd: directory,
    env: { ...bareEnvironment(), HOME: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return exited
  }
  onTestFinished(async () => {
    child.kill('SIGCONT')
    await stop('SIGKILL')
  })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`worker ${name} ended at its start:\n${output}`)
    return /is ready/.test(output)
  }, `the start of worker ${name}`)
  return { name, child, output: () => output, pid: child.pid ?? 0, stop }
}

/** A hook whose command holds its group's lock, and writes when it begins and ends. */
export function groupHook(group: string, work: string, more: object = {}) {
  const say = (word: string) => `echo "${word} ${group} $HOOK_RUN $HOOK_DELIVERY" >> journal`
  const alone = `exec 9>"lock.${group}"; flock -n 9 || ${say('overlap')}`
  return {
    repo: 'github:acme/site',
    on: 'push',
    secret: SECRET,
    run: `${alone}; ${say('start')}; ${work}; ${say('end')}`,
    concurrency: { group, queue: 'max' },
    ...more,
  }
}

export interface JournalLine {
  readonly word: string
  readonly group: string
  readonly run: number
  readonly delivery: string
}

function readJournal(path: string): JournalLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [word = '', group = '', run = '', delivery = ''] = line.split(' ')
      return { word, group, run: Number(run), delivery }
    })
}

/** Sends signed pushes one after the other, each until somebody has answered 2xx; resolves with their ids. */
export async function deliver(
  ports: () => readonly number[],
  hook: string,
  count: number,
  acknowledged: Map<string, string>,
  failures: string[] = [],
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const guid = `${hook}-${i}-${Math.random().toString(36).slice(2)}`
    const body = aPushBody({ guid })
    const headers = { ...asGitHub(body), 'x-github-delivery': guid }
    for (let tries = 0; ; tries++) {
      const among = ports()
      const port = among[(i + tries) % among.length] ?? 0
      const told = await send(port, `/hooks/${hook}`, { body, headers }).catch(
        (error: NodeJS.ErrnoException) => ({ status: 0, text: error.code ?? error.message }),
      )
      if (told.status === 200 || told.status === 202) break
      failures.push(`${told.status} ${told.text.slice(0, 80)}`)
      if (tries > 600) throw new Error(`no receiver took ${guid}: ${failures.at(-1)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    acknowledged.set(guid, hook)
  }
}

/** Asks the database itself. */
export async function rows<T = Record<string, unknown>>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}

/** How many runs wait or run. */
export async function unfinished(url: string): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM runhook.runs WHERE finished_at IS NULL`
  const [row] = await rows<{ count: number }>(url, sql)
  return row?.count ?? 0
}

/** What must hold of every fleet that has come to rest. Resolves with how many runs there were, by status. */
export async function checkFleet(
  cluster: Cluster,
  acknowledged: ReadonlyMap<string, string>,
): Promise<Record<string, number>> {
  const { url } = cluster
  cluster.checkOutputs()
  const guids = new Set(
    (await rows<{ guid: string }>(url, 'SELECT guid FROM runhook.deliveries')).map(
      ({ guid }) => guid,
    ),
  )
  expect([...acknowledged.keys()].filter((guid) => !guids.has(guid))).toEqual([])
  const lines = cluster.journal()
  expect(lines.filter(({ word }) => word === 'overlap')).toEqual([])
  const starts = lines.filter(({ word }) => word === 'start')
  expect(starts.length).toBe(new Set(starts.map(({ run }) => run)).size) // none was started twice
  checkOrder(starts)
  const runs = await rows<{ id: number; status: string; started: boolean }>(
    url,
    'SELECT id::int, status, started_at IS NOT NULL AS started FROM runhook.runs',
  )
  const ended = new Set(lines.filter(({ word }) => word === 'end').map(({ run }) => run))
  const success = runs.filter(({ status }) => status === 'success').map(({ id }) => id)
  expect(success.filter((id) => !ended.has(id))).toEqual([])
  expect(await rows(url, 'SELECT * FROM runhook.turns')).toEqual([])
  const count: Record<string, number> = {}
  for (const { status } of runs) count[status] = (count[status] ?? 0) + 1
  return count
}

/** In each group, runs have started in the order of their numbers; a retry has the highest. */
function checkOrder(starts: readonly JournalLine[]): void {
  const last = new Map<string, number>()
  const wrong: string[] = []
  for (const { group, run } of starts) {
    const before = last.get(group) ?? 0
    if (run < before) wrong.push(`${group}: #${run} after #${before}`)
    last.set(group, run)
  }
  expect(wrong).toEqual([])
}
