/** The look of every page: no barrier, in light and dark, on a phone, and nothing that breaks the policy. */

import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildPages } from '../../src/pages/app.ts'
import type { PagesParts } from '../../src/pages/parts.ts'
import { until } from '../some.ts'
import { browserTest, expectAccessible, open, overhang } from './browser.ts'
import { alone, ofFleet } from './every-page.ts'
import { aSite, pushed, type Site } from './site.ts'

const colours = String.raw`printf '\033[32mok\033[0m 12 modules\n\033[1;31mwarning\033[0m: \033[38;5;208morange\033[0m\n'`

async function aLivedInSite(): Promise<Site> {
  const site = await aSite({
    'deploy-site': pushed(
      [
        {
          name: 'Fetch',
          run: 'echo "Updating 3f2a1c9..8b1d0e4"; echo "Fast-forward"; git --version',
        },
        {
          name: 'Build',
          run: `${colours}; sleep 0.3; test "$HOOK_BRANCH" != broken || { echo "no such module: ./feed" >&2; exit 3; }`,
        },
        'echo reloaded',
      ],
      { on: { push: { branches: ['main', 'broken', 'slow'] } } },
    ),
    'other-site': pushed('true', { repo: 'github:acme/other' }),
    df: {
      url: '/df',
      on: 'get',
      auth: 'none',
      'allow-from': ['127.0.0.1'],
      command: ['df', '-h', '/'],
    },
    'clear-cache': {
      on: {
        manual: {
          inputs: {
            scope: {
              options: ['pages', 'sessions', 'all'],
              default: 'pages',
              description: 'What is to be forgotten',
            },
            reason: { required: true },
          },
        },
      },
      secret: 'another secret of twenty-four',
      run: 'echo "clearing $INPUT_SCOPE"; sleep 60',
    },
    'long-job': pushed('for i in $(seq 40); do echo "line $i of a job"; done; sleep 60', {
      on: { push: { branches: ['long'] } },
    }),
  })
  for (const branch of ['main', 'broken', 'main', 'main', 'feature/x']) {
    await site.push({
      ref: `refs/heads/${branch}`,
      head_commit: { message: 'Fix the feed\n\nMore.' },
    })
    await until(
      async () =>
        !/running|waiting/.test(
          (await site.get('/-/runs')).text
            .replace(/<select.*?<\/select>/gs, '')
            .replace(/<title>.*?<\/title>/, ''),
        ),
      'the run',
    )
  }
  await site.post('/df', { method: 'GET' })
  await site.post('/hooks/deploy-site', {
    body: '{}',
    headers: {
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
      'content-type': 'application/json',
    },
  })
  await site.push({ ref: 'refs/heads/long' }, {}, 'long-job')
  await until(
    async () => (await site.get('/-/runs?status=running')).text.includes('#6'),
    'the long job',
  )
  return site
}

/** Answers that are no pages: what scripts and badges ask for, and downloads. */
const noPages = [
  '/events',
  '/badge/:file',
  '/runs/:id/output',
  '/runs/:id/log',
  '/deliveries/:id/body',
]

test('no page of the router is forgotten by those who look at all of them', () => {
  const looked = [...alone, ...ofFleet].map(([, path]) => path.replace(/^\/-|\?.*/g, ''))
  const pages = buildPages({} as PagesParts)
    .list.filter(({ method }) => method === 'GET')
    .map(({ path }) => path)
    .filter((path) => !noPages.includes(path))
  const isLooked = (path: string) => {
    const form = new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
    return looked.some((one) => form.test(one))
  }
  expect(pages.length).toBeGreaterThan(8)
  expect(pages.filter((path) => !isLooked(path))).toEqual([])
})

describe('every page', () => {
  const title = 'has no barrier in light and dark, and no sideways scroll on a phone'
  browserTest(title, { timeout: 120_000 }, async () => {
    const site = await aLivedInSite()
    const shots = process.env.SHOTS
    for (const scheme of ['light', 'dark', 'phone'] as const) {
      const size = scheme === 'phone' ? { width: 360, height: 740 } : { width: 1200, height: 800 }
      const colorScheme = scheme === 'dark' ? ('dark' as const) : ('light' as const)
      const { page, wrong, close } = await open({ viewport: size, colorScheme })
      for (const [name, path] of alone) {
        const answer = await page.goto(site.url + path)
        expect.soft(answer?.status(), path).toBe(name === 'missing' ? 404 : 200)
        if (shots)
          writeFileSync(`${shots}/${name}-${scheme}.png`, await page.screenshot({ fullPage: true }))
        if (!shots) await expectAccessible(page)
        expect.soft(await overhang(page), `${name} on ${scheme}`).toBeLessThanOrEqual(0)
      }
      expect.soft(wrong).toEqual([])
      await close()
    }
  })
})
