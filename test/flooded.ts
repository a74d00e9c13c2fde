/**
 * A server whose command floods it, watched meanwhile: how much memory it takes, and whether it still
 * answers everybody else. What is asked of all floods is asked here.
 */

import { readFileSync, statSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { Run } from '../src/model/run.ts'
import { aRunhook, type Running } from './running.ts'
import { until } from './some.ts'

const TOKEN = 'a-token-of-this-test-012345'
const MIB = 2 ** 20
/** The head, the tail, and room for the line between them. */
const KEPT = 4 * MIB + 1024
/** How much the server may grow. What it holds of one run is 3 MiB. */
const GROWTH = 64 * MIB

export interface Flood {
  readonly run: Run
  /** The stored output. */
  readonly stored: Buffer
  readonly api: (path: string) => Promise<Buffer>
  /** What the run wrote says of itself as events. */
  readonly events: readonly Record<string, unknown>[]
}

/** Runs the command as a hook of a server of its own, and checks what must hold whatever it writes. */
export async function flooded(
  command: readonly string[],
  { timeout = '10m' }: { timeout?: string } = {},
): Promise<Flood> {
  const server = await aRunhook({
    hooks: {
      flood: { url: '/flood', token: TOKEN, command, timeout },
      page: { url: '/page', on: 'get', auth: 'none', command: ['echo', 'still here'] },
    },
  })
  // Before anything is measured, what ordinary work takes is taken: a thousand calls need 40 MB by themselves.
  for (let left = 100; left > 0; left -= 1) await asked(server)
  const before = memoryOf(server)
  const headers = { authorization: `Bearer ${TOKEN}` }
  expect((await server.post('/flood', { headers })).status).toBe(202)
  const watched = { peak: before, answers: new Set<string>() }
  const watching = new AbortController()
  const others = Promise.all([1, 2].map(() => askOn(server, watched, watching.signal)))
  const api = (path: string) => fetched(join(server.directory, '.runhook/runhook.sock'), path)
  const runOf = async (): Promise<Run> =>
    JSON.parse((await api('/runs?hook=flood')).toString()).runs[0]
  const run = await until(
    async () => {
      const found = await runOf()
      return found.finishedAt !== null && found
    },
    'the end of the flood',
    300_000,
  )
  watching.abort()
  await others

  expect([...watched.answers].toSorted()).toEqual(['200 healthy', '200 still here\n'])
  expect(watched.peak - before).toBeLessThan(GROWTH)
  const stored = readFileSync(join(server.directory, `.runhook/output/0/${run.id}.log`))
  expect(statSync(join(server.directory, `.runhook/output/0/${run.id}.log`)).size).toBe(
    stored.length,
  )
  expect(stored.length).toBeLessThanOrEqual(KEPT)
  expect(await api(`/runs/${run.id}/output`)).toEqual(stored)
  expect(run.outputBytes - run.outputCut).toBe(stored.length - markerIn(stored, run))
  return { run, stored, api, events: eventsIn(await api(`/runs/${run.id}/events`)) }
}

const MARKER =
  /^\n?\[runhook: ([\d,]+) bytes cut here; the first 1 MiB and the last 3 MiB are kept\]\n/

/** Length of the line that says what was cut, which must say the truth. */
function markerIn(stored: Buffer, { outputCut }: Run): number {
  if (outputCut === 0) return 0
  const [whole = '', cut = ''] = MARKER.exec(stored.toString('latin1', MIB)) ?? []
  expect(Number(cut.replaceAll(',', ''))).toBe(outputCut)
  return whole.length
}

/** Every line valid JSON of valid UTF-8. */
function eventsIn(bytes: Buffer): Record<string, unknown>[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function askOn(
  server: Running,
  watched: { peak: number; answers: Set<string> },
  signal: AbortSignal,
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn += 1) {
    if (turn % 20 === 0) watched.answers.add(await asked(server))
    watched.answers.add(await healthOf(server))
    watched.peak = Math.max(watched.peak, memoryOf(server))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function asked(server: Running): Promise<string> {
  const { status, text } = await server.post('/page', { method: 'GET' })
  return `${status} ${text}`
}

async function healthOf(server: Running): Promise<string> {
  return `${(await server.post('/healthz', { method: 'GET' })).status} healthy`
}

/** Resident bytes of the server. */
function memoryOf({ child }: Running): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

function fetched(socketPath: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: `/api/v1${path}`, agent: false }, (answer) => {
      buffer(answer).then(resolve, reject)
    }).on('error', reject)
  })
}
