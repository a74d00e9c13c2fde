/**
 * What a command finds around it, and which variables nobody may set.
 */

import { describe, expect, test } from 'vitest'
import { hookOf, linesOf, REF, written } from './written.ts'

const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }

test('a folder that begins with "~" is told not to be expanded', async () => {
  const { lines } = await written({ hooks: { a: { ...push, 'working-directory': '~/blog' } } })
  expect(lines).toEqual([
    'warn hooks.a.working-directory: /folder/~/blog is meant: "~" is not expanded; write the whole path',
  ])
})

describe('a variable of the environment', () => {
  test.each([
    [
      'HOOK_BRANCH',
      "error hooks.a.env.HOOK_BRANCH: a name that begins with HOOK_ is runhook's own",
    ],
    ['INPUT_X', "error hooks.a.env.INPUT_X: a name that begins with INPUT_ is runhook's own"],
    ['RUNHOOK_X', "error hooks.a.env.RUNHOOK_X: a name that begins with RUNHOOK_ is runhook's own"],
    ['BASH_ENV', 'error hooks.a.env.BASH_ENV makes a shell run other code than "run" says'],
    ['ENV', 'error hooks.a.env.ENV makes a shell run other code than "run" says'],
    ['LD_PRELOAD', 'warn hooks.a.env.LD_PRELOAD loads code into every program the command starts'],
  ])('%s', async (name, line) => {
    expect(await linesOf({ ...push, env: { [name]: '/x' } })).toEqual([line])
  })

  test.each(['LD_LIBRARY_PATH', 'PATH', 'NODE_OPTIONS', 'GIT_SSH_COMMAND', 'HOOKS', '_x1'])(
    '%s is fine',
    async (name) => {
      expect({ ...(await hookOf({ ...push, env: { [name]: '/x' } })).env }).toEqual({
        [name]: '/x',
      })
    },
  )

  test('is never filled in from a delivery', async () => {
    expect(await linesOf({ ...push, env: { A: '{{ branch }}' } })).toEqual([
      'error hooks.a.env.A has "{{", and nothing is filled into "env"',
    ])
  })

  test('that is known only to a running command says so', async () => {
    expect(await linesOf({ ...push, 'working-directory': `/srv/\${HOOK_BRANCH}` })).toEqual([
      'error hooks.a.working-directory: HOOK_BRANCH is known only to a running command; use it in "run", as "$HOOK_BRANCH"',
    ])
  })

  test('that is set nowhere says where to set it', async () => {
    const { problems } = await written({ hooks: { a: { ...push, env: { A: `\${X}` } } } })
    expect(problems).toEqual([
      {
        severity: 'error',
        line: 1,
        column: 91,
        length: 6,
        path: 'hooks.a.env.A',
        message: 'X is set neither in .env nor in the environment',
        hint: `add a line X=… to .env, or write "\${X:-default}"`,
      },
    ])
  })

  test('with a name that is none says how to write one', async () => {
    expect(await linesOf({ ...push, env: { A: `\${a-b}` } })).toEqual([
      `error hooks.a.env.A: "\${a-b}" is not a variable; write "\${NAME}" or "\${NAME:-default}"`,
    ])
  })
})

describe('a working directory', () => {
  test('that is not there is only a warning', async () => {
    expect(await linesOf({ ...push, 'working-directory': 'site' })).toEqual([
      'warn hooks.a.working-directory: /folder/site does not exist on this machine',
    ])
    expect(await linesOf({ ...push, 'working-directory': 'hooks.json' })).toEqual([
      'warn hooks.a.working-directory: /folder/hooks.json is not a folder',
    ])
  })
})

test('what is wrong in the defaults is said once, however many hooks take them', async () => {
  const defaults = { timeout: '90d', 'working-directory': 'none', env: { ENV: 'x' } }
  const { lines } = await written({ defaults, hooks: { a: push, b: push } })
  expect(lines).toEqual([
    'error defaults.timeout: "90d" is too long; the longest is 24d',
    'error defaults.env.ENV makes a shell run other code than "run" says',
    'warn defaults.working-directory: /folder/none does not exist on this machine',
  ])
})
