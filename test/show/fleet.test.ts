/** What the API tells of a fleet, and of a server that has none. */

import { describe, expect, test } from 'vitest'
import { waitsFor } from '../../src/show/waits.ts'
import { aHook } from '../some.ts'
import { aDeployed, aFleet, aRollout, aWorker } from './fleet.ts'
import { aRun, askJson, aWorld, serveWorld } from './world.ts'

async function aFleetOf(held: Parameters<typeof aFleet>[0]) {
  const world = aWorld()
  world.fleet = aFleet(held)
  await serveWorld(world)
  return world
}

describe('a server that is alone', () => {
  test('says so, and has no workers and no rollouts', async () => {
    const world = aWorld()
    await serveWorld(world)
    const answers = await Promise.all(
      ['/workers', '/workers/deployed', '/rollouts'].map((path) => askJson(world, path)),
    )
    expect(answers).toEqual([
      { status: 200, json: { alone: true, workers: [] } },
      { status: 200, json: { deployed: [] } },
      { status: 200, json: { rollouts: [], next: null } },
    ])
  })

  test('has no worker to forget, and no rollout by any number', async () => {
    const world = aWorld()
    await serveWorld(world)
    const removed = await askJson(world, '/workers/web-1', 'DELETE')
    expect([removed.status, removed.json.error.message]).toEqual([
      404,
      'This server is alone: it has no workers.',
    ])
    expect((await askJson(world, '/rollouts/7')).json.error.message).toBe('There is no rollout #7.')
  })
})

describe('workers', () => {
  test('are told with their state, and what each has by hook', async () => {
    const workers = [aWorker(), aWorker({ name: 'web-2', state: 'lost' })]
    const deployed = [aDeployed(), aDeployed({ worker: 'web-2', status: 'failure', run: 143 })]
    const world = await aFleetOf({ workers, deployed })
    expect((await askJson(world, '/workers')).json).toEqual({ alone: false, workers })
    expect((await askJson(world, '/workers/deployed')).json).toEqual({ deployed })
  })

  test('that are alive cannot be forgotten, nor ones that nobody knows', async () => {
    const world = await aFleetOf({ workers: [aWorker()] })
    expect((await askJson(world, '/workers/web-1', 'DELETE')).status).toBe(409)
    expect((await askJson(world, '/workers/nobody', 'DELETE')).status).toBe(404)
    expect((await askJson(world, '/workers/a%20b', 'DELETE')).status).toBe(422)
    expect((await askJson(world, '/workers')).json.workers).toHaveLength(1)
  })

  test('that are gone for good can be forgotten', async () => {
    const world = await aFleetOf({ workers: [aWorker({ name: 'web-9', state: 'lost' })] })
    expect(await askJson(world, '/workers/web-9', 'DELETE')).toEqual({
      status: 200,
      json: { removed: 'web-9' },
    })
    expect((await askJson(world, '/workers')).json.workers).toEqual([])
  })
})

describe('rollouts', () => {
  test('come newest first, of one hook if asked, a page at a time', async () => {
    const rollouts = [1, 2, 3, 4].map((id) => aRollout({ id, hook: id === 3 ? 'blog' : 'site' }))
    const world = await aFleetOf({ rollouts })
    const ids = async (query: string) => {
      const { json } = await askJson(world, `/rollouts?${query}`)
      return [json.rollouts.map(({ id }: { id: number }) => id), json.next]
    }
    expect(await ids('')).toEqual([[4, 3, 2, 1], null])
    expect(await ids('limit=2')).toEqual([[4, 3], 3])
    expect(await ids('limit=2&before=3')).toEqual([[2, 1], null])
    expect(await ids('hook=site')).toEqual([[4, 2, 1], null])
  })

  test('one is told with its runs', async () => {
    const rollout = aRollout({ stopped: 'web-1 failed' })
    const world = await aFleetOf({ rollouts: [rollout] })
    expect((await askJson(world, '/rollouts/142')).json).toEqual({ rollout })
  })
})

test('runs are listed by worker', async () => {
  const world = aWorld()
  world.runs.push(aRun({ worker: 'web-1' }), aRun({ id: 143, worker: 'web-2' }), aRun({ id: 144 }))
  await serveWorld(world)
  const { json } = await askJson(world, '/runs?worker=web-2')
  expect(json.runs.map(({ id }: { id: number }) => id)).toEqual([143])
})

describe('where a run waits', () => {
  const one = aRun({ status: 'queued' })
  const pinned = aRun({ status: 'queued', worker: 'web-4', rollout: 140 })
  const full = { running: 4, slots: 4 }

  test.each([
    ['with no worker', one, [], 'waits for a worker with the label web; none is alive'],
    [
      'with none alive',
      one,
      [aWorker({ state: 'lost' })],
      'waits for a worker with the label web; none is alive',
    ],
    [
      'with others alive',
      one,
      [aWorker({ labels: ['eu'] })],
      'waits for a worker with the label web; none is alive',
    ],
    ['with no room', one, [aWorker(full)], 'waits for room on a worker with the label web'],
    ['with room', one, [aWorker(full), aWorker({ name: 'web-2' })], null],
    ['that a worker gave back', aRun({ status: 'queued', worker: 'web-4' }), [aWorker()], null],
    ['when it runs', aRun({ status: 'running' }), [], null],
    [
      'pinned to a lost one',
      pinned,
      [aWorker({ name: 'web-4', state: 'lost' })],
      'waits for web-4, which is lost',
    ],
    [
      'pinned to a stopped one',
      pinned,
      [aWorker({ name: 'web-4', state: 'stopped' })],
      'waits for web-4, which is stopped',
    ],
    [
      'pinned to a removed one',
      pinned,
      [aWorker()],
      'waits for web-4, which is not known any more',
    ],
    [
      'pinned to a full one',
      pinned,
      [aWorker({ name: 'web-4', ...full })],
      'waits for room on web-4',
    ],
    ['pinned to a free one', pinned, [aWorker({ name: 'web-4' })], null],
  ])('%s', (_, run, workers, says) => {
    expect(waitsFor(run, 'web', workers)).toBe(says)
  })

  test('is told with the run', async () => {
    const world = await aFleetOf({ workers: [] })
    const placement = {
      label: 'gpu',
      every: false,
      catchUp: false,
      maxParallel: null,
      failFast: false,
    }
    world.hooks.push(aHook({ placement }))
    world.runs.push(aRun({ status: 'queued' }))
    const { json } = await askJson(world, '/runs/142')
    expect(json.waits).toBe('waits for a worker with the label gpu; none is alive')
  })

  test('is nothing to tell of on a server that is alone', async () => {
    const world = aWorld()
    world.runs.push(aRun({ status: 'queued' }))
    await serveWorld(world)
    expect((await askJson(world, '/runs/142')).json.waits).toBeNull()
  })
})
