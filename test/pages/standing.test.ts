/** How hooks stand: the numbers, the title and the picture of the tab say the same of them. */

import { describe, expect, test } from 'vitest'
import { aRun, aStatus, aWorld, type World } from '../show/world.ts'
import { aHook } from '../some.ts'
import { aFleetSite } from './fleet-site.ts'

const under = { startedAt: null, finishedAt: null, exitCode: null } as const
const running = { ...under, status: 'running', startedAt: Date.now() } as const
const waiting = { ...under, status: 'queued' } as const

function aWorldOf(...names: string[]): World {
  const world = aWorld()
  world.hooks.push(...names.map((name) => aHook({ name, path: `/hooks/${name}` })))
  const count = (status: string) => world.runs.filter((run) => run.status === status).length
  world.control = {
    status: () => aStatus({ running: count('running'), waiting: count('queued') }),
  }
  return world
}

async function look(world: World, query = '') {
  const { html, text } = await (await aFleetSite(world)).get(`/-/${query}`)
  const [, title] = /<title>(.*) · runhook</.exec(html) ?? []
  const [, mood] = /rel="icon"[^>]*\/(\w+)\.svg"/.exec(html) ?? []
  const [, numbers] = /(\d+ ok.*?waiting)/.exec(text.replace(/\[[^\]]*\] /g, '')) ?? []
  const cards = [...html.matchAll(/<h2><a href="[^"]*\/hooks\/([^"]*)"/g)].map(([, name]) => name)
  return { title, mood, numbers, cards, text }
}

test('a card has the colour that its hook is counted by, whatever was called off since', async () => {
  const world = aWorldOf('blog', 'docs')
  world.runs.push(
    aRun({ id: 1, hook: 'blog', status: 'failure', exitCode: 1 }),
    aRun({ id: 2, hook: 'blog', status: 'cancelled', reason: 'not run: web-2 failed (fail-fast)' }),
    aRun({ id: 3, hook: 'docs', status: 'cancelled' }),
  )
  const { html } = await (await aFleetSite(world)).get('/-/')
  expect(html).toMatch(/hook-card s-failure" data-key="hook blog"/)
  expect(html).toMatch(/hook-card s-idle" data-key="hook docs"/)
})

describe('a hook of which one runs and the next waits', () => {
  test('is running, and its card keeps the last result', async () => {
    const world = aWorldOf('blog')
    world.runs.push(
      aRun({ id: 10004, hook: 'blog', status: 'failure', exitCode: 3 }),
      aRun({ id: 10005, hook: 'blog', ...running }),
      aRun({ id: 10006, hook: 'blog', ...waiting }),
    )
    const { title, mood, numbers, text } = await look(world)
    expect({ title, mood }).toEqual({ title: '1 running', mood: 'running' })
    expect(numbers).toBe('0 ok 1 failing 1 running 1 waiting')
    expect(text).toMatch(/\[\/-\/runs\/10005\] ?running/)
    expect(text).toMatch(/before that \[\/-\/runs\/10004\] ?failure ?exit 3/)
  })

  test('is running still where more wait than a card shows, and its last result is older', async () => {
    const world = aWorldOf('blog')
    world.runs.push(
      aRun({ id: 1, hook: 'blog', status: 'success' }),
      aRun({ id: 2, hook: 'blog', ...running }),
    )
    for (let id = 3; id < 40; id++) world.runs.push(aRun({ id, hook: 'blog', ...waiting }))
    const { title, numbers, text } = await look(world)
    expect(title).toBe('1 running')
    expect(numbers).toBe('1 ok 0 failing 1 running 37 waiting')
    expect(text).toMatch(/\[\/-\/runs\/2\] ?running/)
    expect(text).toMatch(/before that \[\/-\/runs\/1\] ?success/)
  })
})

describe('title and picture', () => {
  test.each(['failure', 'timed_out', 'interrupted'] as const)(
    'say failing of a hook whose last run ended as %s',
    async (status) => {
      const world = aWorldOf('blog', 'other')
      world.runs.push(
        aRun({ id: 1, hook: 'other' }),
        aRun({ id: 2, hook: 'blog', status, exitCode: null }),
        aRun({ id: 3, hook: 'blog', status: 'cancelled', startedAt: null, exitCode: null }),
      )
      const { title, mood, numbers } = await look(world)
      expect({ title, mood }).toEqual({ title: '1 failing', mood: 'failure' })
      expect(numbers).toBe('1 ok 1 failing 0 running 0 waiting')
    },
  )

  test('are calm where all is well', async () => {
    const world = aWorldOf('blog')
    world.runs.push(aRun({ hook: 'blog' }))
    expect(await look(world)).toMatchObject({ title: 'Overview', mood: 'success' })
  })
})

test('the numbers narrow the cards to those they count, in the order of the file', async () => {
  const world = aWorldOf('d', 'a', 'c', 'b')
  world.runs.push(
    aRun({ id: 1, hook: 'd', status: 'failure' }),
    aRun({ id: 2, hook: 'a' }),
    aRun({ id: 3, hook: 'b', status: 'failure' }),
    aRun({ id: 4, hook: 'b', ...running }),
  )
  expect((await look(world)).cards).toEqual(['d', 'a', 'c', 'b'])
  expect((await look(world)).text).toContain('[/-/?state=failing] 2 failing')
  const failing = await look(world, '?state=failing')
  expect(failing.cards).toEqual(['d', 'b'])
  expect(failing.text).toContain('Only hooks that are failing. [/-/] All hooks')
  expect((await look(world, '?state=running')).cards).toEqual(['b'])
  expect((await look(world, '?state=running')).text).toContain('[/-/runs?status=running]')
  expect((await look(world, '?state=ok&find=a')).cards).toEqual(['a'])
  expect((await look(world, '?state=waiting')).text).toContain('No hook is waiting.')
  expect((await look(world, '?state=ok&find=zz')).text).toContain(
    'No hook is called like this and ok.',
  )
})
