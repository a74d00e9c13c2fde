/** The examples of docs/urls.md, typed into a shell as they stand there. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { needs } from './needs.ts'
import { aRunhook, runhook } from './running.ts'
import { aDirectory } from './some.ts'

const page = readFileSync('docs/urls.md', 'utf8')

function blocks(language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  return [...page.matchAll(fenced)].map(([, text = '']) => text)
}

/** Each command with what is shown beneath it. */
function examples(): { command: string; shown: string }[] {
  return blocks('console').flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n')
        return { command: text.slice(0, end), shown: text.slice(end + 1) }
      }),
  )
}

/** `…` stands for whatever is there. */
function pattern(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\s\\S]*?')}$`)
}

const [file = ''] = blocks('json')

needs('curl')('every example does what the page shows', { timeout: 60_000 }, async () => {
  const directory = aDirectory()
  const secrets = {
    METRICS_TOKEN: 'a-token-for-metrics-long-enough',
    ADA_PASSWORD: 'correct horse battery',
  }
  const lines = Object.entries(secrets).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(join(directory, '.env'), lines.join(''), { mode: 0o600 })
  writeFileSync(join(directory, 'hooks.json'), file, { mode: 0o600 })
  const server = await aRunhook({ directory })
  const env = { ...process.env, ...secrets, SERVER: `http://127.0.0.1:${server.port}` }
  expect(examples().length).toBeGreaterThan(7)
  for (const { command, shown } of examples()) {
    const output = execFileSync('sh', ['-c', command], { env, encoding: 'utf8' })
    expect(output, command).toMatch(pattern(shown))
  }
})

test('its hooks file has no mistake', async () => {
  const directory = aDirectory()
  writeFileSync(join(directory, 'hooks.json'), file, { mode: 0o600 })
  const env = { METRICS_TOKEN: 'x'.repeat(32), ADA_PASSWORD: 'y'.repeat(16) }
  const checked = await runhook(directory, ['check'], env)
  expect(checked).toMatchObject({ code: 0, stderr: '' })
  expect(checked.stdout).toContain('✓ hooks.json is valid: 4 hooks')
})
