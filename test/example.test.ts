/**
 * The hooks file that a newcomer starts with: `npm start` runs it on any machine.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/hooks/load.ts'

test('hooks.example.json loads without an error once its secrets are made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runhook-example-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'hooks.json')
  cpSync('hooks.example.json', file)
  const { config, problems, created } = await loadConfig(file, {
    createSecrets: true,
    environment: {},
  })
  // The folders it would deploy to are of no machine we know.
  const others = problems.filter(({ path }) => !path.endsWith('.working-directory'))
  expect(others).toEqual([])
  expect(problems.every(({ severity }) => severity === 'warning')).toBe(true)
  expect([...(config?.hooks.keys() ?? [])]).toEqual([
    'hello',
    'blog',
    'intranet',
    'app-release',
    'df',
    'clear-cache',
  ])
  expect(created).toEqual([
    'HELLO_SECRET',
    'BLOG_SECRET',
    'INTRANET_SECRET',
    'APP_SECRET',
    'METRICS_TOKEN',
    'OPS_SECRET',
  ])
  expect(readFileSync(join(folder, '.env'), 'utf8')).toMatch(/^HELLO_SECRET=[\w-]{43}\n/)
})

test('hooks.example.json names the schema that stands beside it', () => {
  expect(readFileSync('hooks.example.json', 'utf8')).toContain(
    '"$schema": "./docs/hooks.schema.json"',
  )
})
