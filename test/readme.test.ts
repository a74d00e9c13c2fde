/** README's way to the first push: what is written there to be copied is taken by runhook. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { written } from './hooks/written.ts'

const readme = readFileSync('README.md', 'utf8')
const blocks = [...readme.matchAll(/^ *```jsonc\n([\s\S]*?)^ *```$/gm)].map(([, text = '']) => text)
const blockWith = (words: string) => blocks.find((text) => text.includes(words)) ?? ''

test('its hooks file is valid, and so with the lines for a proxy beside "hooks"', async () => {
  const environment = { BLOG_SECRET: 'canary-0123456789-0123456789' }
  const file = blockWith('"blog"')
  const withProxy = file.replace('{', `{ ${blockWith('"public-url"')}`)
  for (const text of [file, withProxy]) {
    const { lines, config } = await written(text, { environment })
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
    expect([...(config?.hooks.keys() ?? [])]).toEqual(['blog'])
  }
  const { config } = await written(withProxy, { environment })
  expect(config?.server).toMatchObject({
    dashboard: { publicUrl: 'https://deploy.example.com' },
    trustedProxies: ['127.0.0.1'],
  })
})

test('its steps to deploy name what is needed to come by https, to ask beforehand, and to stay', () => {
  const steps = readme.slice(readme.indexOf('## Push to deploy'), readme.indexOf('### Bitbucket'))
  for (const words of [
    '"public-url"',
    'runhook doctor',
    'docs/systemd.md',
    'the command\n   really runs',
  ])
    expect(steps).toContain(words)
})
