/** The pages of the dashboard: which address shows what, and who may see and do it. */

import { Hono } from 'hono'
import { RunhookError } from '../errors.ts'
import { payloadRemoved } from '../record/removed.ts'
import { bytesAnswer } from '../show/answers.ts'
import { readOn } from '../show/watch.ts'
import { assetAnswer } from './assets.ts'
import { auditPage } from './audit.tsx'
import { badgeAnswer, badgeOf } from './badge.tsx'
import { deliveriesPage } from './deliveries.tsx'
import { deliveryPage } from './delivery.tsx'
import { type Built, createDoors } from './doors.ts'
import { failurePage } from './failure.tsx'
import { findDelivery, findRun } from './found.ts'
import { hookPage, startPage } from './hook.tsx'
import { favicon } from './icons.tsx'
import { readPlace, START } from './lines.ts'
import { Pulse } from './live.ts'
import { logEvents } from './log-stream.ts'
import { overviewPage } from './overview.tsx'
import { type Ask, BASE, hookNamed, type PagesEnv, type PagesParts } from './parts.ts'
import { refusedPage } from './refused.tsx'
import { seeOther } from './render.tsx'
import { rolloutPage } from './rollout.tsx'
import { runPage } from './run.tsx'
import { runsPage } from './runs.tsx'
import { secretPage, setupPage, testDelivery } from './setup.tsx'
import { type SseEvent, sseAnswer, withBeats } from './sse.ts'
import { removeWorker, workersPage } from './workers.tsx'

/**
 * Mounted at /-, behind whoever sets `visitor`: without one nothing here answers. Assets and public badges
 * stand before that, see `openDoors`.
 */
export function pagesApp(parts: PagesParts): Hono<PagesEnv> {
  return buildPages(parts).app
}

export function buildPages(parts: PagesParts): Built {
  const doors = createDoors(parts)
  const pulse = new Pulse(parts)
  doors.get('/', 'viewer', (c) => overviewPage(c, parts))
  doors.get('/runs', 'viewer', (c) => runsPage(c, parts))
  doors.get('/deliveries', 'viewer', (c) => deliveriesPage(c, parts))
  doors.get('/refused', 'viewer', (c) => refusedPage(c, parts))
  doors.get('/audit', 'admin', (c) => auditPage(c, parts))
  doors.get('/workers', 'viewer', (c) => workersPage(c, parts))
  doors.post('/workers/:name/remove', 'admin', (c) => removeWorker(c, parts))
  doors.get('/rollouts/:id', 'viewer', (c) => rolloutPage(c, parts))
  doors.get('/events', 'viewer', (c) => {
    const seen = c.req.header('last-event-id')
    return stayed(c, parts, (left) => pulse.follow(seen ?? c.req.query('seen'), left))
  })
  doors.get('/badge/:file', 'viewer', (c) => badge(c, parts))
  runDoors(doors, parts)
  deliveryDoors(doors, parts)
  hookDoors(doors, parts)
  doors.app.all('*', (c) => {
    return failurePage(c, new RunhookError('not-found', 'There is no such page.'))
  })
  return doors
}

function runDoors(doors: Built, parts: PagesParts): void {
  doors.get('/runs/:id', 'viewer', (c) => runPage(c, parts))
  doors.get('/runs/:id/output', 'viewer', async (c) => {
    const { id } = await findRun(c, parts)
    const type = 'text/plain; charset=utf-8'
    return bytesAnswer(readOn(parts.output, id, 0), type, `run-${id}.log`)
  })
  doors.get('/runs/:id/log', 'viewer', async (c) => {
    const { id } = await findRun(c, parts)
    const written = c.req.header('last-event-id') ?? c.req.query('from') ?? ''
    const from = readPlace(written) ?? START
    return stayed(c, parts, (left) => logEvents(parts, id, from, left))
  })
  doors.post('/runs/:id/cancel', 'operator', async (c) => {
    const run = await findRun(c, parts)
    await parts.control.cancel(run.id, c.get('visitor').name)
    return seeOther(`${BASE}/runs/${run.id}`)
  })
  doors.post('/runs/:id/rerun', 'operator', async (c) => {
    const run = await findRun(c, parts)
    const next = await parts.control.rerun(run.id, c.get('visitor').name)
    return seeOther(`${BASE}/runs/${next.id}`)
  })
}

function deliveryDoors(doors: Built, parts: PagesParts): void {
  doors.get('/deliveries/:id', 'viewer', (c) => deliveryPage(c, parts))
  doors.get('/deliveries/:id/body', 'viewer', async (c) => {
    const delivery = await findDelivery(c, parts)
    const removed = payloadRemoved(delivery)
    if (removed) throw removed
    const name = `delivery-${delivery.id}.body`
    return bytesAnswer(new Uint8Array(delivery.body), 'text/plain; charset=utf-8', name)
  })
  doors.post('/deliveries/:id/redeliver', 'operator', async (c) => {
    const { id } = await findDelivery(c, parts)
    const by = c.get('visitor').name
    const { delivery } = await parts.control.redeliver(id, { dryRun: false }, by)
    return seeOther(`${BASE}/deliveries/${delivery.id}`)
  })
}

function hookDoors(doors: Built, parts: PagesParts): void {
  doors.get('/hooks/:name', 'viewer', (c) => hookPage(c, parts))
  doors.get('/hooks/:name/setup', 'viewer', (c) => setupPage(c, parts))
  doors.post('/hooks/:name/run', 'operator', (c) => startPage(c, parts))
  doors.post('/hooks/:name/test', 'operator', (c) => testDelivery(c, parts))
  doors.post('/hooks/:name/secret', 'admin', (c) => secretPage(c, parts))
}

/**
 * What needs no visitor, for whoever comes first to answer at /-: the files that pages load, and badges of
 * hooks that say so. Anything else is left to what follows.
 */
export function openDoors(parts: Pick<PagesParts, 'store' | 'hooks'>): Hono {
  const app = new Hono()
  app.get('/assets/:hash/:file', (c) => {
    const found = assetAnswer(c.req.param('hash'), c.req.param('file'))
    found?.headers.set('x-content-type-options', 'nosniff')
    return found ?? c.notFound()
  })
  app.get('/icon.svg', (c) => c.body(favicon('idle'), 200, { 'content-type': 'image/svg+xml' }))
  return app.route('/', badgeDoor(parts))
}

/** Badges that are for everybody; anything else is left to what follows. */
export function badgeDoor(parts: Pick<PagesParts, 'store' | 'hooks'>): Hono {
  const app = new Hono()
  app.get('/badge/:file', async (c, next) => {
    const hook = hookOfBadge(parts, c.req.param('file'))
    if (!hook?.badge) return next()
    return badgeAnswer(hook.name, (await badgeOf(parts, hook.name)).status, 'public')
  })
  return app
}

async function badge(c: Ask, parts: PagesParts): Promise<Response> {
  const hook = hookOfBadge(parts, c.req.param('file') ?? '')
  if (!hook) throw new RunhookError('not-found', 'There is no such badge.')
  return badgeAnswer(hook.name, (await badgeOf(parts, hook.name)).status, 'visitors')
}

function hookOfBadge(parts: Pick<PagesParts, 'hooks'>, file: string) {
  return file.endsWith('.svg') ? hookNamed(parts, file.slice(0, -'.svg'.length)) : null
}

/** Until the browser goes away, the server stops, or who is looking may not any more. */
function stayed(
  c: Ask,
  { stays, closing }: PagesParts,
  events: (left: AbortSignal) => AsyncIterable<SseEvent>,
): Response {
  const known = c.get('stay')
  const stay = known ? { ...known, needed: 'viewer' as const } : null
  stays.admit(stay)
  const signal = AbortSignal.any([c.req.raw.signal, closing])
  return sseAnswer(stays.during(stay, signal, (left) => withBeats(events(left))))
}
