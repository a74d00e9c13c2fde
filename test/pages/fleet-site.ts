/** The pages of a world that a test has made up, fleet and all, on a port of their own; and in a browser. */

import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { Stays } from '../../src/access/stays.ts'
import { serverFor } from '../../src/listen.ts'
import { mountPages } from '../../src/pages/mount.ts'
import type { PagesParts } from '../../src/pages/parts.ts'
import type { Rollout } from '../../src/postgres/contract.ts'
import type { Role } from '../../src/record/tokens.ts'
import { aDeployed, aFleet, aRollout, aWorker } from '../show/fleet.ts'
import { accountsOf, aRun, aStored, aWorld, partsOf, type World } from '../show/world.ts'
import { aHook, sha } from '../some.ts'

export interface FleetSite {
  readonly url: string
  readonly visitor: { name: string; role: Role }
  get(path: string): Promise<{ status: number; text: string; html: string }>
  form(path: string, headers?: Record<string, string>): Promise<Response>
}

export async function aFleetSite(world: World): Promise<FleetSite> {
  return pagesOver({
    ...partsOf(world),
    watchAll: world.moves.watchAll.bind(world.moves),
    audit: accountsOf(world).audit,
    redact: (text) => text,
    hooksFile: () => ({
      problem: world.control.status?.().configProblem ?? null,
      mistakes: null,
      since: NOW,
    }),
    closing: new AbortController().signal,
  })
}

/** Pages of whatever it is, with a visitor who is who the test says. */
export async function pagesOver(
  parts: Omit<PagesParts, 'listensAt' | 'keepSecretShown' | 'stays' | 'publicUrl'>,
): Promise<FleetSite> {
  const visitor: FleetSite['visitor'] = { name: 'ada', role: 'admin' }
  const listensAt = () => 'http://127.0.0.1:9000'
  const more = { keepSecretShown: async () => {}, stays: new Stays(), publicUrl: null }
  const rest = { listensAt, ...more }
  const app = mountPages({ ...parts, ...rest }, async (c, next) => {
    c.set('visitor', { ...visitor, via: 'session' })
    await next()
  })
  const server = serverFor(app.fetch)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    visitor,
    async get(path) {
      const answer = await fetch(url + path, { redirect: 'manual' })
      const html = await answer.text()
      return { status: answer.status, text: textOf(html), html }
    },
    form: (path, headers = { 'sec-fetch-site': 'same-origin' }) =>
      fetch(url + path, { method: 'POST', headers, redirect: 'manual' }),
  }
}

/** What a person reads, with the addresses that links and forms lead to. */
export function textOf(html: string): string {
  return html
    .replace(/<(?:a|form)\b[^>]*?(?:href|action)="([^"]*)"[^>]*>/g, ' [$1] ')
    .replace(/<\/(?:td|th|li|p|dd|dt|h1|h2|option|div)>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
}

const NOW = Date.now()
const MINUTE = 60_000

/** `web-3` failed, so `web-4` was not run; `web-5` was away. */
export function aStoppedRollout(): Rollout {
  const at = { hook: 'deploy-site', rollout: 11, deliveryId: 57, queuedAt: NOW - 5 * MINUTE }
  const run = (id: number, worker: string, more: Partial<Parameters<typeof aRun>[0]>) =>
    aRun({ ...at, id, worker, sha: sha('b'), ...more })
  const ran = { startedAt: NOW - 4 * MINUTE, finishedAt: NOW - 3 * MINUTE }
  const untouched = { startedAt: null, finishedAt: NOW - 3 * MINUTE, exitCode: null }
  return aRollout({
    id: 11,
    createdAt: at.queuedAt,
    catchUp: true,
    stopped: 'web-3 failed',
    runs: [
      run(11, 'web-1', ran),
      run(12, 'web-2', ran),
      run(13, 'web-3', { ...ran, status: 'failure', exitCode: 1 }),
      run(14, 'web-4', {
        ...untouched,
        status: 'cancelled',
        reason: 'not run: web-3 failed (fail-fast)',
      }),
      run(15, 'web-5', {
        ...untouched,
        status: 'cancelled',
        reason: 'web-5 was away (last seen 2 h ago); it runs the newest when it returns',
      }),
    ],
  })
}

/** Five workers with the label web, a rollout that stopped, and a run that waits for a label nobody has. */
export function aFleetWorld(): World {
  const world = aWorld()
  const rollout = aStoppedRollout()
  const every = { label: 'web', every: true, catchUp: true, maxParallel: 1, failFast: true }
  const video = { ...every, label: 'video', every: false }
  world.hooks.push(
    aHook({ name: 'deploy-site', placement: every }),
    aHook({ name: 'transcode', placement: video }),
  )
  const queued = { status: 'queued', startedAt: null, finishedAt: null, exitCode: null } as const
  world.runs.push(
    ...rollout.runs,
    aRun({ id: 20, hook: 'transcode', queuedAt: NOW, ...queued }),
    aRun({ id: 21, hook: 'transcode', queuedAt: NOW, ...queued }),
  )
  world.deliveries.push(aStored({ id: 57 }))
  const seen = { seenAt: NOW - 2000, startedAt: NOW - 86_400_000 }
  world.fleet = aFleet({
    workers: [
      aWorker({ ...seen, labels: ['web', 'eu'], running: 1 }),
      aWorker({ ...seen, name: 'web-2' }),
      aWorker({ ...seen, name: 'web-3', host: 'a-machine-with-a-long-name.example.com' }),
      aWorker({ ...seen, name: 'web-4', state: 'lost', seenAt: NOW - 6 * MINUTE, waiting: 2 }),
      aWorker({ ...seen, name: 'web-5', state: 'stopped', seenAt: NOW - 120 * MINUTE }),
    ],
    deployed: [
      aDeployed({ sha: sha('b'), successSha: sha('b'), run: 11, finishedAt: NOW - 3 * MINUTE }),
      aDeployed({
        worker: 'web-3',
        status: 'failure',
        sha: sha('b'),
        successSha: sha('a'),
        run: 13,
      }),
      aDeployed({ worker: 'web-4', status: 'failure', sha: sha('b'), successSha: null, run: 14 }),
    ],
    rollouts: [rollout],
  })
  return world
}
