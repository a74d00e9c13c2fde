/**
 * A server's inside as the API sees it: a Store and a Control held in memory, a real output log, and
 * the real API on a real Unix socket. A test puts in what happened, and asks.
 */

import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Hono } from 'hono'
import { onTestFinished } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import { serverFor } from '../../src/listen.ts'
import type { Config } from '../../src/model/config.ts'
import type { StoredDelivery } from '../../src/model/delivery.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Run, StepRecord } from '../../src/model/run.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { openSqlite, type SqliteStore } from '../../src/record/sqlite.ts'
import type { DeliveryFilter, Refusal, RunFilter, Store } from '../../src/record/store.ts'
import type { Tokens } from '../../src/record/tokens.ts'
import type { Accounts } from '../../src/record/users.ts'
import { type Admit, admitLocal } from '../../src/show/admission.ts'
import { createApi } from '../../src/show/api.ts'
import type { Control, ServerStatus } from '../../src/show/control.ts'
import { Moves } from '../../src/show/moves.ts'
import type { FleetPart } from '../../src/show/workers.ts'
import { aDelivery, aDirectory, aKeep, sha } from '../some.ts'

/** Monday, 23 November 2026, half past two in the afternoon, UTC. */
export const NOW = Date.UTC(2026, 10, 23, 14, 30)

export function aRun(fields: Partial<Run> = {}): Run {
  return {
    id: 142,
    deliveryId: 57,
    hook: 'deploy-site',
    update: 0,
    group: 'deploy-site',
    attempt: 1,
    retry: null,
    status: 'success',
    queuedAt: NOW - 120_000,
    notBefore: null,
    startedAt: NOW - 120_000,
    finishedAt: NOW - 117_100,
    exitCode: 0,
    signal: null,
    reason: null,
    config: 'c0ffee000000',
    worker: null,
    rollout: null,
    event: 'push',
    refName: 'main',
    sha: sha('a'),
    sender: 'ada',
    inputs: {},
    outputBytes: 0,
    outputCut: 0,
    ...fields,
  }
}

export function aStep(fields: Partial<StepRecord> = {}): StepRecord {
  return {
    number: 1,
    phase: 'run',
    name: null,
    title: 'git pull --ff-only',
    status: 'success',
    reason: null,
    startedAt: NOW,
    finishedAt: NOW + 1000,
    exitCode: 0,
    signal: null,
    outputFrom: 0,
    outputTo: 0,
    ...fields,
  }
}

export function aStored(fields: Partial<StoredDelivery> = {}): StoredDelivery {
  return {
    ...aDelivery({ receivedAt: NOW - 120_000, guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958' }),
    id: 57,
    duplicateOf: null,
    bodyRemovedAt: null,
    answer: null,
    verdicts: [],
    ...fields,
  }
}

export interface World {
  readonly data: string
  readonly socket: string
  readonly runs: Run[]
  readonly steps: Map<number, StepRecord[]>
  readonly deliveries: StoredDelivery[]
  readonly refusals: Refusal[]
  readonly hooks: Hook[]
  readonly output: FileOutputLog
  /** What the control was asked, one line each. */
  readonly asked: string[]
  /** Failures that the API called its own. */
  readonly reported: unknown[]
  /** What a test replaces of the control. */
  control: Partial<Control>
  readonly moves: Moves
  fleet: FleetPart
  /** Puts the run in the place of the one with its number, as a server would that saw it move. */
  moved(run: Run): void
  /** Writes and closes the output of a run. */
  wrote(runId: number, output: string | Uint8Array): Promise<void>
}

export function aWorld(data = aDirectory()): World {
  const output = new FileOutputLog(join(data, 'output'))
  const runs: Run[] = []
  const moves = new Moves()
  return {
    data,
    socket: join(data, 'runhook.sock'),
    runs,
    moves,
    moved(run) {
      runs[runs.findIndex(({ id }) => id === run.id)] = run
      moves.tell(run.id)
    },
    steps: new Map(),
    deliveries: [],
    refusals: [],
    hooks: [],
    output,
    asked: [],
    reported: [],
    control: {},
    fleet: null,
    async wrote(runId, text) {
      const writer = output.open(runId)
      writer.write(Buffer.from(text))
      await writer.close()
    },
  }
}

/** Answers on the world's socket until the test is over, or `close` is called. */
export async function serveWorld(world: World): Promise<{ close(): Promise<void> }> {
  mkdirSync(world.data, { recursive: true })
  const server = serverFor(apiOf(world, admitLocal).fetch)
  await new Promise<void>((resolve) => void server.listen(world.socket, resolve))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(close)
  return { close }
}

/** The world's API as one listener has it, with its tokens in a real database. */
export function apiOf(world: World, admit: Admit) {
  const kept = { tokens: tokensOf(world), accounts: accountsOf(world) }
  const parts = { ...partsOf(world), ...kept, dashboard: () => 'http://127.0.0.1:9000' }
  return new Hono().route('/api/v1', createApi(parts, admit))
}

/** What whoever shows this world is given of it. */
export function partsOf(world: World) {
  return {
    store: storeOf(world),
    output: world.output,
    control: controlOf(world),
    fleet: world.fleet,
    hooks: () => configOf(world),
    report: (thrown: unknown) => void world.reported.push(thrown),
  }
}

const opened = new WeakMap<World, SqliteStore>()

function databaseOf(world: World): SqliteStore {
  const known = opened.get(world)
  if (known) return known
  const store = openSqlite(join(world.data, 'store'))
  onTestFinished(() => store.close())
  opened.set(world, store)
  return store
}

export function tokensOf(world: World): Tokens {
  return databaseOf(world).tokens
}

export function accountsOf(world: World): Accounts {
  return databaseOf(world).accounts
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly bytes: Buffer
  readonly text: string
}

export function ask(world: World, path: string, method = 'GET', body?: string): Promise<Answer> {
  const headers = method === 'GET' ? {} : { 'content-type': 'application/json' }
  const at = { socketPath: world.socket, path: `/api/v1${path}`, agent: false }
  const options = { ...at, method, headers }
  return new Promise((resolve, reject) => {
    const asking = request(options, async (answer) => {
      const bytes = await buffer(answer)
      const { statusCode = 0, headers } = answer
      resolve({ status: statusCode, headers, bytes, text: bytes.toString() })
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

export async function askJson(world: World, path: string, method = 'GET', body?: string) {
  const { status, text } = await ask(world, path, method, body)
  return { status, json: JSON.parse(text) }
}

function isWanted(run: Run, { concluded, since = 0, ...exact }: Omit<RunFilter, 'limit'>): boolean {
  const isConcluded = run.finishedAt !== null && run.status !== 'cancelled'
  if ((concluded && !isConcluded) || run.queuedAt < since) return false
  return Object.entries(exact).every(
    ([key, value]) => value === undefined || Reflect.get(run, key) === value,
  )
}

function isLike(delivery: StoredDelivery, wanted: Omit<DeliveryFilter, 'limit'>): boolean {
  const { from = 0, hook, path, outcome, event, repository, refName, since = 0 } = wanted
  const { endpoint, problem, receivedAt, updates } = delivery
  const own = delivery.verdicts.filter((verdict) => hook === undefined || verdict.hook === hook)
  const ran = own.some(({ run }) => run !== null)
  const became = problem !== null ? 'problem' : ran ? 'ran' : 'nothing'
  return (
    delivery.id >= from &&
    receivedAt >= since &&
    (hook === undefined || own.length > 0 || (problem !== null && endpoint === path)) &&
    (outcome === undefined || outcome === became) &&
    (event === undefined || [delivery, ...updates].some((one) => one.event === event)) &&
    (repository === undefined || delivery.repository === repository) &&
    (refName === undefined || updates.some((one) => [one.branch, one.tag].includes(refName)))
  )
}

function storeOf(world: World): Store {
  const unused = () => Promise.reject(new Error('the API has no business here'))
  return {
    run: async (id) => world.runs.find((run) => run.id === id) ?? null,
    steps: async (id) => world.steps.get(id) ?? [],
    runs: async ({ before = Number.POSITIVE_INFINITY, limit, ...wanted }) =>
      world.runs
        .filter((run) => isWanted(run, wanted))
        .filter((run) => run.id < before)
        .sort((a, b) => b.id - a.id)
        .slice(0, limit),
    hooksWithRuns: async () => [...new Set(world.runs.map(({ hook }) => hook))].sort(),
    delivery: async (id) => world.deliveries.find((delivery) => delivery.id === id) ?? null,
    deliveries: async ({ before = Number.POSITIVE_INFINITY, duplicateOf, ids, limit, ...wanted }) =>
      world.deliveries
        .filter((delivery) => isLike(delivery, wanted))
        .filter(({ id }) => ids === undefined || ids.includes(id))
        .filter((delivery) => delivery.id < before)
        .filter((one) => duplicateOf === undefined || one.duplicateOf === duplicateOf)
        .sort((a, b) => b.id - a.id)
        .slice(0, limit)
        .map((delivery) => ({ ...delivery, body: new Uint8Array() })),
    accept: unused,
    answered: () => {},
    rerun: unused,
    refuse: () => undefined,
    refusals: async ({ since, limit }) => {
      const found = world.refusals.filter(({ lastAt }) => lastAt >= since)
      const total = found.reduce((sum, { count }) => sum + count, 0)
      return { refusals: found.slice(0, limit), total }
    },
    keepConfig: unused,
    configText: async () => null,
    close: unused,
  }
}

export function aStatus(fields: Partial<ServerStatus> = {}): ServerStatus {
  return {
    version: '0.1.0',
    startedAt: NOW,
    url: 'http://127.0.0.1:9000',
    hooks: 0,
    running: 0,
    waiting: 0,
    maxWaiting: 10_000,
    configProblem: null,
    ...fields,
  }
}

function controlOf(world: World): Control {
  const unknown = async (): Promise<never> => {
    throw new RunhookError('not-found', 'There is no such thing.')
  }
  const control = (): Control => ({
    cancel: async () => 'unknown',
    rerun: unknown,
    trigger: unknown,
    redeliver: unknown,
    watch: world.moves.watch.bind(world.moves),
    status: () => aStatus({ hooks: world.hooks.length }),
    ...world.control,
  })
  return {
    cancel: (id, by) => {
      world.asked.push(`cancel ${id} by ${by}`)
      return control().cancel(id, by)
    },
    rerun: (id, by) => {
      world.asked.push(`rerun ${id} by ${by}`)
      return control().rerun(id, by)
    },
    redeliver: (id, options, by) => {
      world.asked.push(`redeliver ${id} ${JSON.stringify(options)} by ${by}`)
      return control().redeliver(id, options, by)
    },
    trigger: (hook, inputs, by) => {
      world.asked.push(`trigger ${hook} ${JSON.stringify(inputs)} by ${by}`)
      return control().trigger(hook, inputs, by)
    },
    status: () => control().status(),
    watch: world.moves.watch.bind(world.moves),
    steps: (id) => control().steps?.(id) ?? [],
  }
}

function configOf(world: World): Config {
  return {
    file: '/srv/runhook/hooks.json',
    server: {
      host: '127.0.0.1',
      port: 9000,
      data: world.data,
      publicUrl: null,
      maxParallel: 4,
      maxWaiting: 10_000,
      drainMs: 60_000,
      keep: aKeep(),
      trustedProxies: [],
      dashboard: { listen: null, publicUrl: null },
      proxyLogin: null,
      oidc: null,
      database: null,
      worker: {
        name: 'web-1',
        labels: ['default'],
        leaseMs: 30_000,
        allow: null,
        sealKeys: null,
      },
    },
    hosts: new Map(),
    hooks: new Map(world.hooks.map((hook) => [hook.name, hook])),
    lines: new Map(),
    texts: new Map(),
    hidden: [],
    role: 'all',
  }
}
