/** The whole way in a real browser: to the provider, back, and out again. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { expectAccessible, open, browserTest as test } from '../pages/browser.ts'
import { aProvider, oidcOf } from './provider.ts'
import { aSite } from './site.ts'

/** The provider must know the address before there is a server. */
test('from a page of the dashboard to one about signing in nothing breaks', async () => {
  const site = await aSite()
  const home = `http://127.0.0.1:${site.port}`
  const { page, wrong, close } = await open({ reducedMotion: 'no-preference' })
  await page.goto(home + (await site.linkOf(await aUser(site))))
  await page.getByRole('button', { name: 'Sign in as ada' }).click()
  await page.waitForURL(`${home}/-/`)
  for (const path of ['account', '', 'account', '']) {
    const link = path === '' ? page.getByRole('link', { name: 'runhook' }) : page.locator('a.who')
    await link.click()
    // Looking for a word makes the page's style before its style sheet is there: one without transitions.
    await page.waitForURL(`${home}/-/${path}`)
  }
  expect(wrong).toEqual([])
  await close()
})

async function aUser(site: Awaited<ReturnType<typeof aSite>>): Promise<string> {
  await site.here('POST', '/users', { name: 'ada', role: 'viewer' })
  return 'ada'
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a person signs in by the provider, works, and signs out of both', async () => {
  const port = await freePort()
  const home = `http://127.0.0.1:${port}`
  const people = { '1': { preferred_username: 'ada', groups: ['staff'] } }
  const { issuer } = await aProvider(people, home)
  await aSite({ server: { ...oidcOf(issuer), 'public-url': home }, port })
  const { page, wrong, close } = await open()
  await page.goto(`${home}/-/runs`)
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Sign in with Acme' }).click()
  await page.waitForURL(`${home}/-/runs`)
  await page.goto(`${home}/-/account`)
  expect(await page.textContent('main')).toContain('Signed in as oidc:ada, viewer.')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.waitForURL(`${home}/-/login?left`)
  await expectAccessible(page)
  await page.getByRole('link', { name: 'sign out there too' }).click()
  await page.waitForURL(`${issuer}/session/end?client_id=runhook`)
  await page.goto(`${home}/-/account`)
  expect(new URL(page.url()).pathname).toBe('/-/login')
  expect(wrong).toEqual([])
  await close()
})
