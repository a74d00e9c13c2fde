/** What a run did not come to, or to the end of, is told with its log. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aRun, aStep, aWorld } from '../show/world.ts'
import { until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { aFleetSite, textOf } from './fleet-site.ts'
import { aSite, pushed, type Site } from './site.ts'

const NOT_RUN = 'aria-label="Steps that were not run"'
const ended = (site: Site, as: string) =>
  until(async () => (await site.get('/-/runs')).text.includes(`s-${as}`), 'the run')

test('steps after the one that failed are told as not run, by their names', async () => {
  const run = ['true', 'exit 3', { name: 'Restart', run: './restart' }, './tell']
  const site = await aSite({ 'deploy-site': pushed(run, { 'on-failure': 'echo rolled back' }) })
  await site.push()
  await ended(site, 'failure')
  const { text } = await site.get('/-/runs/1')
  expect(textOf(text.slice(text.indexOf(NOT_RUN)))).toMatch(/Restart ?not run \.\/tell ?not run/)
  expect(text.slice(text.indexOf(NOT_RUN))).not.toContain('rolled back')
})

test('a run that did all of it, or whose hook was written anew, says nothing of that', async () => {
  const done = await aSite({ 'deploy-site': pushed(['true', 'true']) })
  await done.push()
  await ended(done, 'success')
  expect((await done.get('/-/runs/1')).text).not.toContain(NOT_RUN)
  const failed = await aSite({ 'deploy-site': pushed(['false', 'true']) })
  await failed.push()
  await ended(failed, 'failure')
  expect((await failed.get('/-/runs/1')).text).toContain(NOT_RUN)
  const { directory } = failed
  await failed.stop()
  const hooks = { 'deploy-site': pushed(['false', 'echo another']) }
  const again = await aSite(hooks, {}, undefined, { directory })
  expect((await again.get('/-/runs/1')).text).not.toContain(NOT_RUN)
})

test('a step that was cut off with its worker is not shown as running for ever', async () => {
  const world = aWorld()
  const [startedAt, finishedAt] = [Date.now() - 3_600_000, Date.now() - 3_563_000]
  const cutOff = { status: 'interrupted', exitCode: null, startedAt, finishedAt } as const
  world.runs.push(aRun({ id: 24, ...cutOff }))
  const open = { status: null, finishedAt: null, exitCode: null, outputTo: null }
  world.steps.set(24, [aStep({ startedAt, ...open })])
  const { html } = await (await aFleetSite(world)).get('/-/runs/24')
  expect(html).toMatch(/<summary><span class="status s-interrupted">/)
  expect(html).toMatch(/<span class="took">37s<\/span>/)
  expect(html).not.toMatch(/s-running|data-since/)
})

browserTest('whoever watches a run reads it as soon as it has failed', async () => {
  const wait = 'while [ ! -e go ]; do sleep 0.05; done; false'
  const run = pushed([wait, './restart'], { 'working-directory': '.' })
  const site = await aSite({ 'deploy-site': run })
  await site.push()
  const { page, wrong } = await open()
  await page.goto(`${site.url}/-/runs/1`)
  const rest = page.locator('.log-rest')
  expect(await rest.count()).toBe(0)
  writeFileSync(join(site.directory, 'go'), '')
  await rest.waitFor()
  expect(await rest.innerText()).toMatch(/^\.\/restart\s+not run$/)
  expect(wrong).toEqual([])
})
