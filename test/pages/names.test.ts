/** Names that no hooks file could hold, in rows of somebody else's making: links lead where they say, and nothing hides. */

import { expect, test } from 'vitest'
import { aWorld } from '../show/world.ts'
import { aHook, aTrigger } from '../some.ts'
import { aFleetSite } from './fleet-site.ts'
import { aStrangersSite } from './strangers.ts'

const name = (n: number) => `a/../b?c=${n % 4}#d&e%2f\u202exe`
const names = [0, 1, 2, 3].map(name)
const half = 'a\ud800'
const known = ['h', ...names].map((one) => `/-/hooks/${encodeURIComponent(one)}`)
const worker = names.map((one) => `/-/workers/${encodeURIComponent(one)}/remove`)
const pages = [
  ...['runs', 'runs/1', 'runs/101', 'runs/101?tab=config', 'deliveries/1', 'deliveries/2'],
  ...['refused', 'workers', 'rollouts/201', 'hooks/h', 'hooks/h/setup'],
]

const targetsIn = (html: string) =>
  [...html.matchAll(/ (?:href|action)="([^"]*)"/g)].map(([, at = '']) =>
    at.replaceAll('&amp;', '&').replaceAll('&#39;', "'"),
  )

test.each(pages)('%s leads to each hook and worker by its whole name', async (path) => {
  const site = await aStrangersSite(4, name)
  const { html, status } = await site.get(`/-/${path}`)
  expect(status).toBe(200)
  const targets = targetsIn(html)
  const hooks = targets.filter((one) => one.startsWith('/-/hooks/'))
  const bare = hooks.map((one) => one.replace(/(\/(run|setup|test|secret))?(#run)?$/, ''))
  expect(bare.filter((one) => !known.includes(one))).toEqual([])
  const removed = targets.filter((one) => one.startsWith('/-/workers/'))
  expect(removed.filter((one) => !worker.includes(one))).toEqual([])
})

test.each(pages)('%s is drawn also of half a character', async (path) => {
  const site = await aStrangersSite(4, () => half)
  expect((await site.get(`/-/${path}`)).status).toBe(200)
})

test('the setup page shows what would turn a line around', async () => {
  const { html } = await (await aStrangersSite(4, name)).get('/-/hooks/h/setup')
  expect(html).toContain('&lt;U+202E&gt;')
  expect(html).not.toContain('\u202e')
})

test('so does a form, whose options are sent back as they are written', async () => {
  const world = aWorld()
  const one = { name: name(1), description: name(2), required: false, default: null, maxLength: 9 }
  const inputs = [
    { ...one, type: 'string' as const, options: null },
    { ...one, name: 'choice', type: 'choice' as const, options: [name(3)] },
  ]
  const triggers = [aTrigger({ event: 'manual' })]
  world.hooks.push(aHook({ name: 'asks', host: 'webhook', repositories: [], triggers, inputs }))
  const { html } = await (await aFleetSite(world)).get('/-/hooks/asks')
  const form = /<form id="run"[\s\S]*?<\/form>/.exec(html)?.[0] ?? ''
  expect(form).toContain(`<option value="${name(3).replace('&', '&amp;')}">`)
  expect(form.match(/&lt;U\+202E&gt;/g)).toHaveLength(4)
  expect(form.replace(/ (?:value|name|for|id)="[^"]*"/g, '')).not.toContain('\u202e')
})
