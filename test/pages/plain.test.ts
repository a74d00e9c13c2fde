/** The pages with little on them: of who comes for the first time, of who signs in, and of what went wrong. */

import { expect } from 'vitest'
import { aSite as aSignInSite } from '../access/site.ts'
import { aWorld } from '../show/world.ts'
import { SECRET } from '../some.ts'
import { browserTest, expectAccessible, type Opened, open, overhang } from './browser.ts'
import { aFleetSite } from './fleet-site.ts'

const looks = [
  { colorScheme: 'light', viewport: { width: 1200, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const

/** Opens each path in both schemes: no barrier, no sideways scroll, the status that was named. */
async function look(url: string, paths: readonly (readonly [string, number])[], cookie?: string) {
  for (const options of looks) {
    const opened = await open(options)
    await withCookie(opened, url, cookie)
    for (const [path, status] of paths) {
      const answer = await opened.page.goto(url + path)
      expect.soft(answer?.status(), path).toBe(status)
      await expectAccessible(opened.page)
      expect.soft(await overhang(opened.page), path).toBeLessThanOrEqual(0)
    }
    expect.soft(opened.wrong).toEqual([])
    await opened.close()
  }
}

async function withCookie({ page }: Opened, url: string, cookie: string | undefined) {
  const [name = '', value = ''] = cookie?.split('=', 2) ?? []
  if (name !== '') await page.context().addCookies([{ name, value, url }])
}

const hooks = {
  blog: { repo: 'github:acme/blog', secret: SECRET, run: 'true' },
  tidy: { on: 'manual', secret: SECRET, run: 'true' },
}

browserTest(
  'a server without hooks, and one that nothing has come to, have no barrier',
  async () => {
    for (const given of [{}, hooks]) {
      const site = await aSignInSite({ hooks: given })
      const cookie = await site.signIn('ada', 'admin')
      const paths = ['/-/', '/-/runs', '/-/deliveries', '/-/refused', '/-/audit']
      const hook = given === hooks ? ['/-/hooks/blog', '/-/hooks/tidy', '/-/hooks/blog/setup'] : []
      const url = `http://127.0.0.1:${site.port}`
      await look(
        url,
        [...paths, ...hook].map((path) => [path, 200] as const),
        cookie,
      )
    }
  },
)

browserTest('the pages of signing in have no barrier', async () => {
  const site = await aSignInSite()
  const url = `http://127.0.0.1:${site.port}`
  await look(url, [[site.pathOfLink(site.server.firstLink ?? url), 200]])
  await site.setPassword('grace')
  await look(url, [
    ['/-/login', 200],
    [await site.linkOf('grace'), 200],
    ['/-/link/used-up', 410],
  ])
  const cookie = await site.signIn('ada', 'admin')
  await look(url, [['/-/account', 200]], cookie)
})

browserTest('a secret that is shown has no barrier', async () => {
  const site = await aSignInSite({ hooks })
  const url = `http://127.0.0.1:${site.port}`
  const opened = await open(looks[1])
  await withCookie(opened, url, await site.signIn('ada', 'admin'))
  await opened.page.goto(`${url}/-/hooks/blog/setup`)
  await opened.page.getByRole('button', { name: 'Show it' }).click()
  await opened.page.getByText(SECRET).waitFor()
  await expectAccessible(opened.page)
  expect(await overhang(opened.page)).toBeLessThanOrEqual(0)
})

browserTest('what went wrong has no barrier', async () => {
  const site = await aFleetSite(aWorld())
  await look(site.url, [
    ['/-/nothing', 404],
    ['/-/hooks/gone', 404],
    ['/-/runs?status=x', 422],
  ])
  site.visitor.role = 'viewer'
  await look(site.url, [['/-/audit', 403]])
  const broken = aWorld()
  broken.control.status = () => {
    throw new Error('out of order')
  }
  await look((await aFleetSite(broken)).url, [['/-/', 500]])
})
