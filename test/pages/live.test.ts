/** What a person does on the pages, in a real browser: watch, cancel, run again, send again, set up. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { aSite, pushed } from './site.ts'

const waits = 'echo begun; while [ ! -e go ]; do sleep 0.05; done; echo gone on; sleep 0.2'
const inPlace = { 'working-directory': '.' }
const go = (directory: string) =>
  import('node:fs').then(({ writeFileSync }) => writeFileSync(join(directory, 'go'), ''))

describe('a run that is watched', () => {
  browserTest('moves as its command writes, and title and picture follow', async () => {
    const site = await aSite({
      'deploy-site': pushed([waits, 'printf "\\033[32mgreen\\033[0m\\n"'], inPlace),
    })
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/`)
    await page.getByText('Has not run yet').waitFor()
    await site.push()
    await page.locator('.hook-card .status', { hasText: 'running' }).waitFor()
    expect(await page.title()).toContain('1 running')
    await page.locator('.hook-last a', { hasText: 'running' }).click()
    await page.locator('.line', { hasText: 'begun' }).waitFor()
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('running.svg')
    expect(await page.locator('[name=follow]').isChecked()).toBe(true)
    await go(site.directory)
    await page.locator('#L2', { hasText: 'gone on' }).waitFor({ timeout: 1000 })
    await page.locator('.fg2', { hasText: 'green' }).waitFor()
    await page.locator('h1', { hasText: 'success' }).waitFor()
    await until(async () => (await page.title()).startsWith('success: deploy-site #1'), 'the title')
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('success.svg')
    expect(await page.locator('.step').count()).toBe(2)
    expect(await page.locator('.line').allInnerTexts()).toHaveLength(3)
    expect(wrong).toEqual([])
  })

  browserTest('is cancelled and run again by its buttons', async () => {
    const site = await aSite({ 'deploy-site': pushed('echo begun; sleep 60') })
    const { page, wrong } = await open()
    await site.push()
    await page.goto(`${site.url}/-/runs/1`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('h1', { hasText: 'cancelled' }).waitFor()
    // Nothing of it failed: its step is as grey as the run.
    await page.locator('.step .reason', { hasText: 'cancelled by' }).waitFor()
    const colour = (of: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('${of}')).color`)
    expect(await colour('.step .reason')).toBe(await colour('h1 .status'))
    await page.getByRole('button', { name: 'Re-run' }).click()
    await page.waitForURL('**/-/runs/2')
    await page.locator('h1', { hasText: 'running' }).waitFor()
    await page.getByText('attempt 2').waitFor()
    expect(wrong).toEqual([])
  })

  browserTest('is followed on where it was, when the connection broke', async () => {
    const site = await aSite({ 'deploy-site': pushed(waits, inPlace) })
    await site.push()
    await until(async () => (await site.get('/-/runs/1')).text.includes('begun'), 'the first line')
    const answer = await fetch(`${site.url}/-/runs/1/log`, { headers: { 'last-event-id': '6.2.' } })
    await go(site.directory)
    const text = await answer.text()
    expect(text).not.toContain('"begun"')
    expect(text).toContain('{"first":2,"step":1,"lines":["gone on"]}')
    expect(text).toMatch(/\nid: 14\.3\.\n/)
  })

  browserTest('has links to its lines, and is searched', async () => {
    const site = await aSite({
      'deploy-site': pushed('for i in $(seq 3000); do echo "line $i"; done; echo needle'),
    })
    const { page, wrong } = await open()
    await site.push()
    await until(async () => (await site.get('/-/runs/1')).text.includes('success: '), 'the run')
    await page.goto(`${site.url}/-/runs/1#L2500`)
    await page.locator('#L2500.target').waitFor()
    expect(await page.locator('#L2500').isVisible()).toBe(true)
    await page.keyboard.press('/')
    await page.keyboard.type('needle')
    await page.locator('.line.current', { hasText: 'needle' }).waitFor()
    expect(await page.locator('.found').innerText()).toBe('1 of 1')
    expect(wrong).toEqual([])
  })
})

describe('a delivery', () => {
  browserTest('is held against the hooks of now, and sent through once more', async () => {
    const site = await aSite({
      'deploy-site': pushed('true', { on: { push: { branches: ['main'] } } }),
    })
    const { page, wrong } = await open()
    await site.push({ ref: 'refs/heads/feature/x' })
    await site.push()
    await page.goto(`${site.url}/-/`)
    // Why did it not run? Three clicks at most, from the first page.
    await page.getByRole('link', { name: 'Deliveries' }).click()
    await page.getByRole('link', { name: '#1', exact: true }).click()
    await page.getByText('feature/x is not in [main]').first().waitFor()
    await page.goto(`${site.url}/-/deliveries/2`)
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.locator('.dry', { hasText: 'would run' }).waitFor()
    await page.getByRole('button', { name: 'Redeliver' }).click()
    await page.waitForURL('**/-/deliveries/3')
    await page.locator('h1', { hasText: 'run #2' }).waitFor()
    expect(wrong).toEqual([])
  })
})

describe('a hook', () => {
  browserTest('is started by hand with what its form asks for', async () => {
    const site = await aSite({
      'clear-cache': {
        on: {
          manual: {
            inputs: {
              scope: { options: ['pages', 'all'], default: 'pages' },
              why: { required: true },
            },
          },
        },
        secret: 'another secret of twenty-four',
        run: 'echo "$INPUT_SCOPE: $INPUT_WHY"',
      },
    })
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/`)
    await page.getByRole('link', { name: 'Start it' }).click()
    await page.getByLabel('scope').selectOption('all')
    await page.getByLabel('why').fill('it is "old" & <slow>')
    await page.getByRole('button', { name: 'Run clear-cache' }).click()
    await page.locator('.line', { hasText: 'all: it is "old" & <slow>' }).waitFor()
    expect(wrong).toEqual([])
  })

  browserTest(
    'turns green by itself when the ping arrives, and says why before it does',
    async () => {
      const site = await aSite({ 'deploy-site': pushed('true') })
      const { page, wrong } = await open()
      await page.goto(`${site.url}/-/`)
      await page.getByRole('link', { name: 'Set it up' }).click()
      await page.getByText("Waiting for GitHub's ping").waitFor()
      const body = JSON.stringify({
        zen: 'Keep it logically awesome.',
        hook_id: 1,
        repository: { full_name: 'acme/site' },
        sender: { login: 'ada' },
      })
      const ping = { 'x-github-event': 'ping' }
      await site.post('/hooks/deploy-site', {
        body,
        headers: asGitHub(body, ping, 'some other secret, long enough'),
      })
      await page.getByText('was refused').waitFor()
      await page.getByText('signature matches no secret').waitFor()
      await site.post('/hooks/deploy-site', { body, headers: asGitHub(body, ping) })
      await page.getByText('Ping received').waitFor()
      expect(await page.title()).toContain('deploy-site is set up')
      expect(wrong).toEqual([])
    },
  )

  browserTest('is tried with a test delivery that really runs', async () => {
    const site = await aSite({ 'deploy-site': pushed('echo "$HOOK_BRANCH" > ran', inPlace) })
    const { page } = await open()
    await page.goto(`${site.url}/-/hooks/deploy-site/setup`)
    await page.getByRole('button', { name: 'Send a test delivery' }).click()
    await page.getByText('was answered 202').waitFor()
    await until(
      () =>
        readFileSync(join(site.directory, 'ran'), { encoding: 'utf8', flag: 'a+' }) === 'main\n',
      'the run',
    )
  })

  browserTest('shows its secret to an admin who asks', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    const { page } = await open()
    await page.goto(`${site.url}/-/hooks/deploy-site/setup`)
    await page.getByRole('button', { name: 'Show it' }).click()
    await page.locator('.secret code').waitFor()
  })
})

describe('lists', () => {
  browserTest('show by themselves what is new', async () => {
    const site = await aSite({
      'deploy-site': pushed('true', { on: { push: { branches: ['main'] } } }),
    })
    const { page, wrong } = await open()
    await page.goto(`${site.url}/-/deliveries`)
    await page.getByText('Nothing has come in yet').waitFor()
    await site.push({ ref: 'refs/heads/other' })
    await page.locator('main .status', { hasText: 'ran nothing' }).waitFor()
    await page.goto(`${site.url}/-/refused`)
    await page.getByText('Nothing was refused').waitFor()
    const body = aPushBody()
    await site.post('/hooks/deploy-site', {
      body,
      headers: asGitHub(body, {}, 'some other secret, long enough'),
    })
    await page.locator('.refusals', { hasText: 'signature matches no secret' }).waitFor()
    expect(wrong).toEqual([])
  })
})

describe('without scripts', () => {
  browserTest('all can be seen, and every button works', async () => {
    const site = await aSite({
      'deploy-site': pushed('for i in $(seq 2500); do echo "line $i"; done; sleep 60'),
    })
    await site.push()
    await until(
      async () => (await site.get('/-/runs/1')).text.includes('line 1000'),
      'a thousand lines',
    )
    const { page } = await open({ javaScriptEnabled: false })
    await page.goto(`${site.url}/-/`)
    expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(1)
    await page.locator('.hook-last a').first().click()
    await page.getByRole('link', { name: 'The next lines' }).click()
    await page.locator('#L1001', { hasText: 'line 1001' }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    // Its page loads itself again until then; whoever loaded it as well would do so while it goes.
    await page.locator('h1', { hasText: 'cancelled' }).waitFor()
    await page.getByRole('link', { name: 'Config as it was' }).click()
    await page.getByText('The hook is still written like this').waitFor()
    await page.goto(`${site.url}/-/deliveries/1`)
    await page.getByRole('button', { name: 'Redeliver' }).click()
    await page.waitForURL('**/-/deliveries/2')
    await page.goto(`${site.url}/-/runs`)
    await page.getByLabel('Status').selectOption('cancelled')
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await page.locator('tbody tr').count()).toBe(1)
  })
})

describe('light and dark', () => {
  browserTest(
    'follow the system until somebody says otherwise, and then that is kept',
    async () => {
      const site = await aSite({ 'deploy-site': pushed('true') })
      const { page } = await open({ colorScheme: 'dark' })
      const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
      await page.goto(`${site.url}/-/`)
      expect(await ground()).toBe('rgb(14, 18, 23)')
      await page.getByRole('button', { name: 'Light or dark' }).click()
      expect(await ground()).toBe('rgb(245, 246, 248)')
      await page.goto(`${site.url}/-/runs`)
      expect(await ground()).toBe('rgb(245, 246, 248)')
    },
  )
})
