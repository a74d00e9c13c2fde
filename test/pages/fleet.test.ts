/** The pages of a fleet and of the audit log: what they say, to whom, and what can be done there. */

import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Audit } from '../../src/record/audit.ts'
import { aDeployed, aFleet, aWorker } from '../show/fleet.ts'
import { accountsOf, aWorld } from '../show/world.ts'
import { sha } from '../some.ts'
import { browserTest, expectAccessible, open, overhang } from './browser.ts'
import { ofFleet } from './every-page.ts'
import { aFleetSite, aFleetWorld, aStoppedRollout, textOf } from './fleet-site.ts'

describe('a server that is alone', () => {
  test('leads to no workers, and has neither them nor rollouts', async () => {
    const site = await aFleetSite(aWorld())
    expect((await site.get('/-/')).text).not.toContain('/-/workers')
    const { status, text } = await site.get('/-/workers')
    expect([status, text.includes('This server is alone: it has no workers.')]).toEqual([404, true])
    expect((await site.get('/-/rollouts/11')).text).toContain('There is no rollout #11.')
    expect((await site.form('/-/workers/web-9/remove')).status).toBe(404)
  })
})

describe('workers', () => {
  test('are shown with how they stand, and what each has of each hook', async () => {
    const site = await aFleetSite(aFleetWorld())
    expect((await site.get('/-/')).text).toContain('[/-/workers] Workers')
    const { text, html } = await site.get('/-/workers')
    const cards = html.split('data-key="worker ').map(textOf)
    const card = (name: string) => cards.find((one) => one.startsWith(name))
    expect(text).toContain('1 lost · runhook')
    expect(card('web-1')).toMatch(/webeu alivelast sign of life just now Running 1 of 4 Waiting 0/)
    expect(card('web-1')).toContain('Version 0.1.0')
    expect(card('web-1')).toMatch(/deploy-site bbbbbbb .*\[\/-\/runs\/11\] success ?bbbbbbb3m ago/)
    expect(card('web-3')).toMatch(/deploy-site aaaaaaa .*failure ?bbbbbbb/)
    expect(card('web-4')).toMatch(/lostlast sign of life 6m ago Running 0 of 4 Waiting 2/)
    expect(card('web-4')).toContain('nothing')
    expect(card('web-5')).toMatch(/stoppedlast sign of life 2h ago.*No run has ended here yet/)
  })

  test('that are not alive are removed by an admin, and by nobody else', async () => {
    const site = await aFleetSite(aFleetWorld())
    const removable = async () =>
      [...(await site.get('/-/workers')).text.matchAll(/workers\/([\w-]+)\/remove/g)].map(
        ([, name]) => name,
      )
    expect(await removable()).toEqual(['web-4', 'web-5'])
    const alive = await site.form('/-/workers/web-1/remove')
    expect([alive.status, await alive.text()]).toEqual([
      409,
      expect.stringContaining('The worker web-1 is alive.'),
    ])
    for (const role of ['viewer', 'operator'] as const) {
      site.visitor.role = role
      expect(await removable()).toEqual([])
      expect((await site.form('/-/workers/web-4/remove')).status).toBe(403)
    }
    site.visitor.role = 'admin'
    expect((await site.form('/-/workers/web-4/remove', {})).status).toBe(403)
    const removed = await site.form('/-/workers/web-4/remove')
    expect([removed.status, removed.headers.get('location')]).toEqual([303, '/-/workers'])
    expect(await removable()).toEqual(['web-5'])
    expect((await site.form('/-/workers/web-4/remove')).status).toBe(404)
  })

  test('that are wanted and not there are named wherever a run waits for them', async () => {
    const site = await aFleetSite(aFleetWorld())
    const wanted = 'a worker with the label video; none is alive'
    expect((await site.get('/-/workers')).text).toContain(`2 runs wait for ${wanted}`)
    expect((await site.get('/-/runs/20')).text).toContain(`It waits for ${wanted}.`)
    expect((await site.get('/-/runs')).text).toContain(`waits for ${wanted}`)
    expect((await site.get('/-/hooks/transcode')).text).toContain(`waits for ${wanted}`)
    expect((await site.get('/-/')).text).toContain(`waits for ${wanted}`)
    expect((await site.get('/-/runs/11')).text).not.toContain('waits for')
  })

  test('lead to what each has done, and runs are found by them', async () => {
    const site = await aFleetSite(aFleetWorld())
    const { text } = await site.get('/-/workers')
    expect(text).toContain('[/-/runs?worker=web-3] web-3')
    const numbers = async (query: string) =>
      [...(await site.get(`/-/runs${query}`)).text.matchAll(/\] #(\d+)/g)].map(([, id]) => id)
    expect(await numbers('?worker=web-3')).toEqual(['13'])
    expect(await numbers('?worker=web-9')).toEqual([])
    expect(await numbers('?worker=')).toEqual(['21', '20', '15', '14', '13', '12', '11'])
    const { html } = await site.get('/-/runs?worker=web-9')
    expect(html).toMatch(/<select name="worker">.*web-1<.*<option value="web-9" selected/)
    const alone = await aFleetSite(aWorld())
    expect((await alone.get('/-/runs?worker=web-3')).html).not.toContain('name="worker"')
  })

  test('stand above the rollouts, as they go', async () => {
    const site = await aFleetSite(aFleetWorld())
    const { text } = await site.get('/-/workers')
    expect(text).toMatch(
      /Rollouts .*\[\/-\/rollouts\/11\] #11 failure \[\/-\/hooks\/deploy-site\] deploy-site web/,
    )
    expect(text).toContain('2 success, 1 failure, 2 not run')
    const world = aFleetWorld()
    world.fleet = aFleet({ workers: [aWorker()] })
    expect((await (await aFleetSite(world)).get('/-/workers')).text).not.toContain('Rollouts')
  })

  test('stand beside their runs in lists, where any has one', async () => {
    const site = await aFleetSite(aFleetWorld())
    expect((await site.get('/-/runs')).text).toMatch(/By On Took/)
    expect((await site.get('/-/hooks/deploy-site')).text).toMatch(/ada web-4/)
    expect((await site.get('/-/hooks/transcode')).text).not.toMatch(/By On Took/)
  })
})

describe('a rollout', () => {
  const became = [
    /web-2 success bbbbbbb \[\/-\/runs\/12\] #12 1m 3m ago/,
    /web-3 failureexit 1 bbbbbbb \[\/-\/runs\/13\] #13/,
    /web-4 cancelled not run: web-3 failed \(fail-fast\) \[\/-\/runs\/14\] #14/,
    /web-5 cancelled not run: web-5 was away \(last seen 2 h ago\); it runs the newest when it returns/,
  ]

  test('says of each worker what became of it, and why it stopped', async () => {
    const site = await aFleetSite(aFleetWorld())
    const { text } = await site.get('/-/rollouts/11')
    for (const line of became) expect(text).toMatch(line)
    expect(text).toContain('5 of 5 deploy-site to every web · runhook')
    expect(text).toContain('1 at a time; stops at the first failure; who was away catches up')
    expect(text).toContain('Stopped: web-3 failed. What was still to come is not run.')
    expect(text).toContain('2 success, 1 failure, 2 not run')
    expect((await site.get('/-/rollouts/12')).status).toBe(404)
  })

  test('says of one that was stopped that it is whole, when the others have been run again', async () => {
    const world = aFleetWorld()
    const [stopped] = (await world.fleet?.rollouts({ limit: 1 })) ?? []
    if (!stopped) throw new Error('there is one')
    const runs = stopped.runs.map((run) => ({ ...run, status: 'success' as const, startedAt: 1 }))
    const site = await aFleetSite({ ...world, fleet: aFleet({ rollouts: [{ ...stopped, runs }] }) })
    const { text } = await site.get('/-/rollouts/11')
    expect(text).toContain('Was stopped: web-3 failed; it has been run again since')
    expect(text).not.toContain('What was still to come')
  })

  test('stands on the page of each of its runs, and of its hook', async () => {
    const site = await aFleetSite(aFleetWorld())
    const { text } = await site.get('/-/runs/14')
    expect(text).toContain('[/-/rollouts/11] Rollout #11 to every web')
    for (const line of became) expect(text).toMatch(line)
    expect((await site.get('/-/runs/20')).text).not.toContain('Rollout')
    const hook = await site.get('/-/hooks/deploy-site')
    expect(hook.text).toMatch(/\[\/-\/rollouts\/11\] #11 failure web/)
    expect((await site.get('/-/hooks/transcode')).text).not.toContain('Rollouts')
  })
})

describe('the audit log', () => {
  async function rowsIn(audit: Audit, count: number) {
    for (let number = 1; number <= count; number++) {
      const [who, outcome] = number === 3 ? ['', 'not-allowed'] : ['ada', 'ok']
      const object = number === 2 ? 'worker <b>' : `run #${number}`
      const entry = { at: Date.now(), via: 'session', address: '10.0.0.7', what: 'run.cancel' }
      await audit.add({ ...entry, who, object, outcome })
    }
  }

  test('says who did what to what, and whether it was done', async () => {
    const world = aWorld()
    const site = await aFleetSite(world)
    expect((await site.get('/-/audit')).text).toContain('Nothing is on record yet.')
    await rowsIn(accountsOf(world).audit, 3)
    const { text } = await site.get('/-/audit')
    expect(text).toContain('just now ada session 10.0.0.7 run.cancel [/-/runs/1] run #1 done')
    expect(text).toContain('somebody session 10.0.0.7 run.cancel [/-/runs/3] run #3 not-allowed')
    expect(text).toContain('worker &lt;b&gt;')
  })

  test('is read page by page, without a gap and without a row twice', async () => {
    const world = aWorld()
    const site = await aFleetSite(world)
    await rowsIn(accountsOf(world).audit, 120)
    const seen: number[] = []
    const paths: string[] = []
    for (let path: string | undefined = '/-/audit'; path !== undefined; ) {
      paths.push(path)
      const { text } = await site.get(path)
      seen.push(...[...text.matchAll(/(?:run #|worker &lt;b)(\d*)/g)].map(([, id]) => Number(id)))
      path = /\[([^\]]*)\] Older rows/.exec(text)?.[1]
      await rowsIn(accountsOf(world).audit, 1) // what comes meanwhile moves nothing
    }
    expect(paths).toEqual(['/-/audit', '/-/audit?before=71', '/-/audit?before=21'])
    expect(seen).toEqual(
      Array.from({ length: 120 }, (_, index) => (index === 118 ? 0 : 120 - index)),
    )
    expect((await site.get('/-/audit?before=x')).status).toBe(422)
  })

  test('is for admins, who alone are led to it', async () => {
    const site = await aFleetSite(aWorld())
    expect((await site.get('/-/')).text).toContain('/-/audit')
    for (const role of ['viewer', 'operator'] as const) {
      site.visitor.role = role
      expect((await site.get('/-/')).text).not.toContain('/-/audit')
      expect((await site.get('/-/audit')).status).toBe(403)
    }
  })
})

describe('in a browser', () => {
  browserTest('no page has a barrier, or scrolls sideways on a phone', async () => {
    const world = aFleetWorld()
    const site = await aFleetSite(world)
    const { audit } = accountsOf(world)
    const entry = { at: Date.now() - 60_000, via: 'session', address: '10.0.0.7', outcome: 'ok' }
    await audit.add({ ...entry, who: 'ada', what: 'secret.reveal', object: 'hook deploy-site' })
    await audit.add({ ...entry, who: '', what: 'login', object: '', outcome: 'unauthorized' })
    await audit.add({ ...entry, who: 'ada', what: 'worker.remove', object: 'worker web-9' })
    const shots = process.env.SHOTS
    for (const scheme of ['light', 'dark', 'phone'] as const) {
      const size = scheme === 'phone' ? { width: 360, height: 740 } : { width: 1200, height: 800 }
      const colorScheme = scheme === 'dark' ? ('dark' as const) : ('light' as const)
      const { page, wrong, close } = await open({ viewport: size, colorScheme })
      for (const [name, path] of ofFleet) {
        const answer = await page.goto(site.url + path)
        expect.soft(answer?.status(), path).toBe(200)
        if (shots)
          writeFileSync(`${shots}/${name}-${scheme}.png`, await page.screenshot({ fullPage: true }))
        else await expectAccessible(page)
        expect.soft(await overhang(page), `${name} on ${scheme}`).toBeLessThanOrEqual(0)
      }
      expect.soft(wrong).toEqual([])
      await close()
    }
  })

  browserTest('no heading is broken apart, and a phone has its pages in one row', async () => {
    const world = aFleetWorld()
    world.fleet = aFleet({
      workers: [aWorker()],
      deployed: [aDeployed({ hook: 'api', successSha: sha('a') })],
      rollouts: [aStoppedRollout()],
    })
    const site = await aFleetSite(world)
    const { page } = await open({ viewport: { width: 1200, height: 800 } })
    const lines = (selector: string) =>
      page.evaluate<number[]>(`[...document.querySelectorAll('${selector}')].map((one) => {
        const { paddingTop, paddingBottom, lineHeight } = getComputedStyle(one)
        const inside = one.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)
        return Math.round(inside / parseFloat(lineHeight))
      })`)
    await page.goto(`${site.url}/-/hooks/deploy-site`)
    expect(new Set(await lines('th'))).toEqual(new Set([1]))
    // "2 success, 1 failure, 1 not run, 1 away"
    expect(Math.max(...(await lines('td.result')))).toBeLessThanOrEqual(2)
    await page.setViewportSize({ width: 360, height: 740 })
    await page.goto(`${site.url}/-/workers`)
    expect(new Set(await lines('.worker th'))).toEqual(new Set([1]))
    const tops = await page
      .locator('.bar nav a')
      .evaluateAll((links) => links.map((link) => link.getBoundingClientRect().top))
    expect([tops.length, new Set(tops).size]).toEqual([6, 1])
  })

  browserTest('a worker is removed without JavaScript', async () => {
    const site = await aFleetSite(aFleetWorld())
    const { page } = await open({ javaScriptEnabled: false })
    await page.goto(`${site.url}/-/workers`)
    const lost = page.locator('.worker', { hasText: 'web-4' })
    await lost.getByRole('button', { name: 'Remove' }).click()
    await page.waitForURL(`${site.url}/-/workers`)
    expect(await lost.count()).toBe(0)
    expect(await page.locator('.worker').count()).toBe(4)
  })
})
