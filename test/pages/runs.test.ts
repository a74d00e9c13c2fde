/** The list of runs: what its filters find, and what its fields say of them. */

import { describe, expect, test } from 'vitest'
import { aRun, aWorld } from '../show/world.ts'
import { aHook } from '../some.ts'
import { aFleetSite } from './fleet-site.ts'

const HOUR = 3_600_000
const now = Date.now()

function aWorldOfRuns() {
  const world = aWorld()
  world.hooks.push(aHook({ name: 'blog' }))
  world.runs.push(
    aRun({ id: 1, hook: 'blog', sender: 'ada', queuedAt: now - 50 * HOUR }),
    aRun({ id: 2, hook: 'hook-7', sender: 'grace', queuedAt: now - 20 * HOUR }),
    aRun({ id: 3, hook: 'blog', sender: 'ada', queuedAt: now - 2 * HOUR, refName: 'topic' }),
  )
  return world
}

describe('the filters of the list of runs', () => {
  test('find by who asked and since when, and stay in the address', async () => {
    const site = await aFleetSite(aWorldOfRuns())
    const found = async (query: string) => {
      const { html } = await site.get(`/-/runs?${query}`)
      return [...html.matchAll(/class="number" href="\/-\/runs\/(\d+)"/g)].map(([, id]) => id)
    }
    expect(await found('')).toEqual(['3', '2', '1'])
    expect(await found('who=ada')).toEqual(['3', '1'])
    expect(await found('since=1d')).toEqual(['3', '2'])
    expect(await found('since=3h&who=grace')).toEqual([])
    expect(await found(`since=${new Date(now - 21 * HOUR).toISOString()}`)).toEqual(['3', '2'])
    expect(await found('since=2020-02-29')).toEqual(['3', '2', '1'])
    const { html } = await site.get('/-/runs?who=ada&since=1d')
    expect(html).toContain('name="who" value="ada"')
    expect(html).toContain('name="since" value="1d"')
    const { status, text } = await site.get('/-/runs?since=2026-02-31')
    expect(status).toBe(422)
    expect(text).toContain('since is &quot;2026-02-31&quot;; allowed is a day such as 2026-11-23')
  })

  test('name hooks that are gone, and the one that was asked for', async () => {
    const site = await aFleetSite(aWorldOfRuns())
    const chosen = async (hook: string) => {
      const { html } = await site.get(`/-/runs?hook=${hook}`)
      return /<option value="([^"]*)" selected/.exec(html)?.[1]
    }
    expect(await chosen('hook-7')).toBe('hook-7')
    expect(await chosen('never-was')).toBe('never-was')
  })
})
