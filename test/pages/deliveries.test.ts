/** The list of deliveries: what its filters find, and what it says of each. */

import { expect, test } from 'vitest'
import { aStored, aWorld } from '../show/world.ts'
import { aHook, aPush } from '../some.ts'
import { aFleetSite } from './fleet-site.ts'

const miss = { hook: 'docs', update: 0, matched: false, checks: [], run: null }
const other = { ...miss, hook: 'blog', matched: true, run: 7 }

function aWorldOfDeliveries() {
  const world = aWorld()
  world.hooks.push(aHook({ name: 'docs' }), aHook({ name: 'blog' }))
  world.deliveries.push(
    aStored({ id: 1, verdicts: [miss], updates: [aPush('topic')] }),
    aStored({ id: 2, verdicts: [miss, other] }),
    aStored({ id: 3, problem: 'the body is not JSON', updates: [], endpoint: '/hooks/docs' }),
    ...Array.from({ length: 60 }, (_, index) => aStored({ id: 10 + index, verdicts: [other] })),
  )
  return world
}

async function aSiteOfDeliveries() {
  const site = await aFleetSite(aWorldOfDeliveries())
  const ids = (html: string) =>
    [...html.matchAll(/class="number" href="\/-\/deliveries\/(\d+)"/g)].map(([, id]) => id)
  const found = async (query: string) => ids((await site.get(`/-/deliveries?${query}`)).html)
  return { site, found }
}

test('deliveries are found by hook, outcome and what they say, with a form that keeps it', async () => {
  const { site, found } = await aSiteOfDeliveries()
  expect(await found('')).toHaveLength(50)
  expect(await found('hook=docs')).toEqual(['3', '2', '1'])
  expect(await found('hook=docs&outcome=nothing')).toEqual(['2', '1'])
  expect(await found('outcome=problem')).toEqual(['3'])
  expect(await found('branch=topic&event=push&repository=acme%2Fsite')).toEqual(['1'])
  expect(await found('hook=&outcome=&since=')).toHaveLength(50)
  const { html } = await site.get('/-/deliveries?hook=docs&outcome=nothing&branch=topic')
  expect(html).toContain('<option value="docs" selected')
  expect(html).toContain('<option value="nothing" selected')
  expect(html).toContain('name="branch" size="12" value="topic"')
  const { status, text } = await site.get('/-/deliveries?outcome=lost')
  expect(status).toBe(422)
  expect(text).toContain('allowed is one of ran, nothing, problem')
})

test('where one hook is asked for, each says what became of it there', async () => {
  const { site } = await aSiteOfDeliveries()
  const { html } = await site.get('/-/deliveries?hook=docs&outcome=nothing')
  expect(html).toContain('ran nothing')
  expect(html).not.toContain('run #7')
})

test('the pages after it keep the filters', async () => {
  const { site, found } = await aSiteOfDeliveries()
  const { html } = await site.get('/-/deliveries?hook=blog&outcome=ran')
  const [, next = ''] = /href="\/-\/deliveries\?([^"]*)">Older deliveries/.exec(html) ?? []
  expect(await found(next.replaceAll('&amp;', '&'))).toHaveLength(11)
})

test('an empty list says why it is, and leads to all', async () => {
  const { site } = await aSiteOfDeliveries()
  const { html } = await site.get('/-/deliveries?branch=nowhere')
  expect(html).toContain('No delivery is like this.')
  expect(html).toContain('<a href="/-/deliveries">All deliveries</a>')
  expect(html).not.toContain('Nothing has come in yet')
  const world = aWorldOfDeliveries()
  world.deliveries.push(aStored({ id: 40_000 }))
  for (let id = 25_000; id < 40_000; id += 1000) world.deliveries.push(aStored({ id }))
  const far = await aFleetSite(world)
  const cut = (await far.get('/-/deliveries?hook=docs&before=40001')).html
  expect(cut).toContain('None of the 10,000 ones before #40001 is like this.')
  expect(cut).toMatch(/href="[^"]*hook=docs&amp;before=\d+">Look at those before #/)
})
