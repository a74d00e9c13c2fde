/** Runs that people start, on a real server: by the command line, and by a signed call. */

import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { needs } from './needs.ts'
import { aRunhook } from './running.ts'
import { until } from './some.ts'

const SECRET = 'a secret for people, long enough'
const hooks = {
  clear: {
    on: {
      manual: {
        inputs: {
          scope: { options: ['pages', 'all'], default: 'pages' },
          count: { type: 'number', required: true },
        },
      },
    },
    secret: SECRET,
    run: ['echo "clearing $INPUT_COUNT of $INPUT_SCOPE"', '[ "$INPUT_COUNT" -lt 100 ]'],
  },
  off: { on: 'manual', secret: SECRET, run: 'true', enabled: false },
}

describe('runhook trigger', () => {
  test('runs with typed inputs and defaults, and --wait ends as the run does', async () => {
    const { cli } = await aRunhook({ hooks })
    const good = await cli('trigger', 'clear', '-i', 'count=12', '--wait')
    expect(good).toMatchObject({ code: 0 })
    expect(good.stdout).toContain('clearing 12 of pages\n')
    const bad = await cli('trigger', 'clear', '-i', 'count=100', '-i', 'scope=all', '--wait')
    expect(bad).toMatchObject({ code: 1 })
    expect(bad.stdout).toContain('clearing 100 of all\n')
    const page = await cli('deliveries', '2')
    expect(page.stdout).toContain('  proof      local\n')
    expect(page.stdout).not.toContain('answered')
  })

  test.each([
    [
      ['-i', 'count=a[$(id)]'],
      'error: input "count" must be a whole number: digits only, at most 15. Inputs are given as -i NAME=VALUE.\n',
    ],
    [[], 'error: input "count" is required: a whole number. Inputs are given as -i NAME=VALUE.\n'],
    [
      ['-i', 'count=1', '-i', 'scope=x'],
      'error: input "scope" must be one of pages, all. Inputs are given as -i NAME=VALUE.\n',
    ],
    [
      ['-i', 'count=1', '-i', 'x=1'],
      'error: hook "clear" has no input "x"; it takes scope, count.\n',
    ],
  ])('refuses %j in words, and runs nothing', async (words, stderr) => {
    const { cli } = await aRunhook({ hooks })
    expect(await cli('trigger', 'clear', ...words)).toEqual({ code: 2, stdout: '', stderr })
    expect(JSON.parse((await cli('runs', '--json')).stdout).runs).toEqual([])
  })

  test('does not start what is switched off', async () => {
    const { cli } = await aRunhook({ hooks })
    expect(await cli('trigger', 'off')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: Hook "off" is switched off ("enabled": false).\n',
    })
  })
})

needs('curl')(
  'the commands that sign --curl prints start a run, with inputs of a file',
  async () => {
    const { cli, directory, port } = await aRunhook({ hooks })
    execFileSync('sh', ['-c', `printf '{"inputs":{"count":7,"scope":"all"}}' > body.json`], {
      cwd: directory,
    })
    const to = `http://127.0.0.1:${port}`
    const { stdout } = await cli('sign', 'clear', 'body.json', '--curl', '--to', to)
    const env = { ...process.env, SECRET }
    const commands = stdout.split('\n\n')
    expect(commands).toHaveLength(2)
    for (const command of commands) {
      const answer = execFileSync('sh', ['-c', command], { cwd: directory, env, encoding: 'utf8' })
      expect(answer).toMatch(/^accepted: delivery \d\n {2}clear {2}→ run #\d\n$/)
    }
    await until(async () => (await cli('runs')).stdout.match(/success/g)?.length === 2, 'two runs')
    expect((await cli('logs', '2')).stdout).toContain('clearing 7 of all\n')
  },
)

test('a run that is not there is told in the same words by every verb', async () => {
  const { cli } = await aRunhook({ hooks: { a: { url: '/a', auth: 'none', run: 'true' } } })
  for (const verb of ['logs', 'rerun', 'cancel']) {
    const { code, stderr } = await cli(verb, '99')
    expect({ verb, code, stderr }).toEqual({
      verb,
      code: 3,
      stderr: 'error: There is no run #99. "runhook runs" lists those that are kept.\n',
    })
  }
})
