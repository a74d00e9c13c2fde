/** Pages, answers and logs that take long to make hold up nothing but each other. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { createDoors } from '../../src/pages/doors.ts'
import { START } from '../../src/pages/lines.ts'
import { logEvents } from '../../src/pages/log-stream.ts'
import type { PagesEnv, PagesParts } from '../../src/pages/parts.ts'
import { createRoutes } from '../../src/show/routes.ts'
import { ownTurn } from '../../src/show/turn.ts'
import { aRun } from '../show/world.ts'

/** How often something was made twice with nothing else of the server between. */
async function heldUp(all: (make: () => void) => readonly Promise<unknown>[]): Promise<number> {
  const made: string[] = []
  let isOver = false
  const others = async () => {
    while (!isOver) {
      await nextTurn()
      if (made.at(-1) !== 'others') made.push('others')
    }
  }
  const going = others()
  await Promise.all(all(() => made.push('ours')))
  isOver = true
  await going
  expect(made.filter((what) => what === 'ours').length).toBeGreaterThan(4)
  return made.filter((what, index) => what === 'ours' && made[index - 1] === 'ours').length
}

const five = (ask: () => unknown) => Array.from({ length: 5 }, async () => void (await ask()))

test('of many who draw at once each has a turn of the event loop for himself', async () => {
  expect(await heldUp((make) => five(() => ownTurn().then(make)))).toBe(0)
})

test('between two pages what else was asked is answered', async () => {
  const held = await heldUp((make) => {
    const doors = createDoors({ publicUrl: null, fleet: null })
    doors.get('/page', 'viewer', (c) => {
      make()
      return c.text('drawn')
    })
    const app = new Hono<PagesEnv>().use(async (c, next) => {
      c.set('visitor', { name: 'ada', role: 'viewer', via: 'session' })
      await next()
    })
    app.route('/', doors.app)
    return five(() => app.request('/page'))
  })
  expect(held).toBe(0)
})

test('between two answers of the API what else was asked is answered', async () => {
  const held = await heldUp((make) => {
    const routes = createRoutes(() => ({ name: 'ada', role: 'viewer', via: 'socket' }))
    routes.get('/list', { role: 'viewer', summary: 'Any', answers: {} }, (c) => {
      make()
      return c.json([])
    })
    const app = routes.close()
    return five(() => app.request('/list'))
  })
  expect(held).toBe(0)
})

test('between two pieces of logs what else was asked is answered', async () => {
  const bytes = Buffer.from('a line\n'.repeat(50))
  const run = aRun({ outputBytes: 3 * bytes.length })
  const parts = {
    store: { run: async () => run, steps: async () => [] },
    output: {
      read: async (_: number, from: number) => (from < 3 * bytes.length ? bytes : Buffer.alloc(0)),
    },
    control: { watch: () => () => undefined },
  } as unknown as PagesParts
  const held = await heldUp((make) =>
    five(async () => {
      const { signal } = new AbortController()
      for await (const { event } of logEvents(parts, run.id, START, signal))
        if (event === 'lines') make()
    }),
  )
  expect(held).toBe(0)
})
