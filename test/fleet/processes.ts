/** Workers as processes of their own, by their command line, on one real PostgreSQL. Needs the built program. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import { Acceptances } from '../../src/postgres/accept.ts'
import { Boss } from '../../src/postgres/boss.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { Notices } from '../../src/postgres/notices.ts'
import { Planner } from '../../src/postgres/plan.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { PostgresStore } from '../../src/postgres/store.ts'
import { aDatabase } from '../postgres/database.ts'
import { MAIN } from '../running.ts'
import { aDelivery, aDirectory, until } from '../some.ts'

export interface FleetBench {
  readonly url: string
  readonly store: PostgresStore
  /** One delivery that asks for a run of each. */
  push(...hooks: Hook[]): Promise<number[]>
}

/** What a receiver has of the fleet. It looks after nobody: that is the workers' to do here. */
export async function aFleet(leaseMs = 10_000): Promise<FleetBench> {
  const url = await aDatabase()
  const db = new Postgres(url, { name: 'test' })
  await migrate(db)
  const trouble: string[] = []
  const boss = new Boss(db, {
    leaseMs,
    supervise: false,
    migrate: true,
    onTrouble: (message) => void trouble.push(message),
  })
  await boss.start()
  const notices = new Notices(db)
  const tell = notices.tell.bind(notices)
  const planner = new Planner({ db, boss, maxWaiting: 10_000, tell })
  const store = new PostgresStore(db, new Acceptances(planner))
  onTestFinished(async () => {
    await notices.close()
    await boss.stop()
    await store.close()
    await db.close()
  })
  return {
    url,
    store,
    async push(...hooks) {
      const wanted = hooks.map((hook) => ({ hook, update: 0, inputs: {} }))
      const { queued } = await store.accept(aDelivery(), [], wanted)
      return queued.map(({ id }) => id)
    },
  }
}

export interface WorkerProcess {
  readonly child: ChildProcess
  readonly directory: string
  /** With its exit code. */
  readonly exited: Promise<number | null>
  readonly output: () => string
  /** Ends it, and resolves with its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

export interface WorkerStart {
  readonly url: string
  readonly name: string
  readonly hooks: Readonly<Record<string, unknown>>
  readonly server?: Readonly<Record<string, unknown>>
  readonly args?: readonly string[]
  /** It is not waited for. */
  readonly starting?: boolean
}

/** Resolves when it takes runs, unless it may still be starting. */
export async function aWorkerProcess(start: WorkerStart): Promise<WorkerProcess> {
  const directory = aDirectory()
  mkdirSync(directory, { recursive: true })
  const server = { database: `\${DATABASE_URL}`, lease: '10s', ...start.server }
  const file = { server, hooks: start.hooks }
  writeFileSync(join(directory, 'hooks.json'), JSON.stringify(file), { mode: 0o600 })
  const words = [MAIN, 'worker', '--name', start.name, ...(start.args ?? [])]
  const child = spawn(process.execPath, words, {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, DATABASE_URL: start.url, LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return exited
  }
  onTestFinished(() => stop('SIGKILL').then(() => undefined))
  await until(() => {
    if (start.starting) return true
    if (child.exitCode !== null) throw new Error(`the worker ended at its start:\n${output}`)
    return output.includes('is ready')
  }, `the start of ${start.name}`)
  return { child, directory, exited, output: () => output, stop }
}
