/** What a run says that it waits for, on its page and in lists, alone and in a fleet. */

import { describe, expect, test } from 'vitest'
import { aFleet, aWorker } from '../show/fleet.ts'
import { aRun, aWorld } from '../show/world.ts'
import { aHook } from '../some.ts'
import { aFleetSite } from './fleet-site.ts'

const now = Date.now()
const under = { startedAt: null, finishedAt: null, exitCode: null } as const
const running = { ...under, status: 'running', startedAt: now } as const
const waiting = { ...under, status: 'queued', group: 'deploy' } as const
const retry = { run: 1, number: 2, times: 3, interruptions: 0 }

async function page(id: number, ...runs: Partial<Parameters<typeof aRun>[0]>[]) {
  const world = aWorld()
  world.hooks.push(aHook({ name: 'blog', maxParallel: 1 }))
  world.runs.push(...runs.map((run) => aRun({ hook: 'blog', group: null, ...run })))
  const { text } = await (await aFleetSite(world)).get(`/-/runs/${id}`)
  return text
}

describe('a run that waits says on its page that it waits', () => {
  test('for the run of its group, with a link to it', async () => {
    const text = await page(3, { id: 1, ...running, group: 'deploy' }, { id: 3, ...waiting })
    expect(text).toContain('It waits for [/-/runs/1] run #1: of one group they go one at a time.')
  })

  test('for the one ahead of it, where none of the group runs', async () => {
    const ahead = { id: 2, ...waiting, hook: 'other' }
    const text = await page(3, ahead, { id: 3, ...waiting })
    expect(text).toContain('It waits for [/-/runs/2] run #2, which is ahead of it in its group.')
  })

  test('for one that ends, where its hook lets no more be, with a link to it', async () => {
    const text = await page(3, { id: 1, ...running }, { id: 3, ...waiting, group: null })
    expect(text).toContain('It waits for another run of blog to end ( [/-/runs/1] run #1)')
    expect(text).toContain('its &quot;max-parallel&quot; is 1')
  })

  test('for the time of its retry', async () => {
    const notBefore = now + 3_600_000
    const text = await page(3, { id: 3, ...waiting, retry, notBefore })
    expect(text).toMatch(/It waits for the time of its retry, in (1h|59m\d+s): \d{4}-.* UTC/)
    const late = { id: 3, ...waiting, retry, notBefore: now - 1 }
    expect(await page(3, late)).not.toContain('It waits')
  })

  test('for its turn in a rollout, and for a worker, in a fleet', async () => {
    const world = aWorld()
    const every = { label: 'web', every: true, catchUp: true, maxParallel: 1, failFast: true }
    world.hooks.push(aHook({ name: 'blog', placement: every }))
    const at = { hook: 'blog', rollout: 1, group: 'deploy' }
    world.fleet = aFleet({ workers: [aWorker({ name: 'web-1' }), aWorker({ name: 'web-2' })] })
    world.runs.push(
      aRun({ ...running, ...at, id: 1, worker: 'web-1' }),
      aRun({ ...waiting, ...at, id: 2, worker: 'web-2' }),
      aRun({ ...waiting, id: 3, hook: 'blog', worker: null }),
    )
    const site = await aFleetSite(world)
    expect((await site.get('/-/runs/2')).text).toContain(
      'It waits for its turn, after [/-/runs/1] run #1 on web-1: &quot;max-parallel&quot; of its',
    )
    expect((await site.get('/-/runs/3')).text).toContain('It waits for [/-/runs/1] run #1: of one')
    expect((await site.get('/-/runs')).text).toContain('waits for [/-/runs/1] run #1: of one group')
  })
})

describe('a hook that is no longer in the file', () => {
  test('is linked to its runs from all that it ran, and its old page leads there', async () => {
    const world = aWorld()
    world.runs.push(aRun({ id: 1, hook: 'gone' }))
    const site = await aFleetSite(world)
    for (const path of ['/-/runs/1', '/-/runs']) {
      const { text } = await site.get(path)
      expect(text).toContain('[/-/runs?hook=gone] gone')
      expect(text).not.toContain('/-/hooks/gone')
    }
    const { status, text } = await site.get('/-/hooks/gone')
    expect(status).toBe(404)
    expect(text).toContain('[/-/runs?hook=gone] The runs of gone')
  })
})

describe('without scripts', () => {
  test('lists load themselves again while something is under way, and no form does', async () => {
    const world = aWorld()
    const inputs = [
      { name: 'why', type: 'string', description: null, required: false, default: null },
    ].map((input) => ({ ...input, type: 'string' as const, options: null, maxLength: 100 }))
    world.hooks.push(
      aHook({ name: 'blog' }),
      aHook({ name: 'asks', repositories: [], host: 'webhook', inputs }),
    )
    const site = await aFleetSite(world)
    const loads = async (path: string) =>
      (await site.get(path)).html.includes('http-equiv="refresh"')
    expect(await loads('/-/runs')).toBe(false)
    world.runs.push(aRun({ id: 1, hook: 'blog', ...running }))
    world.runs.push(aRun({ id: 2, hook: 'asks', ...running }))
    expect(await loads('/-/runs')).toBe(true)
    expect(await loads('/-/runs?before=9')).toBe(false)
    expect(await loads('/-/hooks/blog')).toBe(true)
    expect(await loads('/-/hooks/asks')).toBe(false)
  })
})

test('times say in which zone they are', async () => {
  const world = aWorld()
  world.runs.push(aRun({ id: 1 }))
  const { html } = await (await aFleetSite(world)).get('/-/runs')
  expect(html).toMatch(/title="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC([+-]\d\d:\d\d)?"/)
})
