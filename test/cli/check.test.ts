import { expect, test } from 'vitest'
import { putHooks } from './hooks-file.ts'
import { aShell } from './shell.ts'

test('a valid file is told as it will be understood', async () => {
  const shell = aShell({ columns: null })
  putHooks(shell, {
    off: { url: '/off', auth: 'none', 'allow-from': '127.0.0.1', run: 'true', enabled: false },
  })
  expect(await shell.run('check')).toMatchObject({
    code: 0,
    talk: '',
    out: `✓ hooks.json is valid: 7 hooks
  HOOK         STARTS ON                                      PATH                RUNS                     GROUP        TIMEOUT
● site         github:acme/site push main in src/**           /hooks/site         git pull --ff-only (+1)  site         10m
● releases     github:acme/* push tags v[0-9]+.[0-9]+.[0-9]+  /hooks/releases     ./release                releases     10m
● intranet     bitbucket:acme/intranet push release/**        /hooks/intranet     ./deploy                 intranet     20m
● clear-cache  manual                                         /hooks/clear-cache  clear "$INPUT_SCOPE"     clear-cache  10m
● df           GET                                            /df                 df -h                    none         5s
● open         POST                                           /open               true                     none         10m
○ off (off)    POST                                           /off                true                     none         10m
`,
  })
})

test('a table that nobody could read is a list in a pipe, and cut on a terminal', async () => {
  const run = `rsync --archive --delete ${'build/pages '.repeat(12)}/var/www`
  const hook = { url: '/publish', auth: 'none', 'allow-from': '::1', run }
  const piped = aShell({ columns: null })
  piped.put('hooks.json', { hooks: { publish: hook } })
  expect((await piped.run('check')).out).toBe(`✓ hooks.json is valid: 1 hook
● publish
    starts on  POST
    path       /publish
    runs       ${run}
    group      none
    timeout    10m
`)
  const shell = aShell()
  shell.put('hooks.json', { hooks: { publish: hook } })
  for (const line of (await shell.run('check')).out.split('\n'))
    expect(line.length).toBeLessThanOrEqual(100)
})

test('conditions are told with what starts the hook', async () => {
  const shell = aShell({ columns: null })
  const match = { 'payload.sender.login': ['octocat', 'ada'], 'payload.x': { not: 1 } }
  const hook = { repo: 'github:acme/site', secret: `\${SITE_SECRET}`, run: 'true', match }
  putHooks(shell, { mine: hook })
  const { out } = await shell.run('check')
  expect(out).toContain(
    'github:acme/site push if payload.sender.login is one of octocat, ada and payload.x is not 1',
  )
  const { hooks } = JSON.parse((await shell.run('check', '--json')).out)
  expect(hooks.at(-1).match).toEqual([
    { place: 'payload.sender.login', wants: 'one of octocat, ada' },
    { place: 'payload.x', wants: 'not 1' },
  ])
})

test('mistakes are told all at once, with their places, and end with 1', async () => {
  const shell = aShell()
  shell.put(
    'site.json',
    `{
  "hooks": {
    "site": {
      "repo": "github:acme/site",
      "on": { "push": { "branch": ["main"] } },
      "secret": "\${SITE_SECRET}",
      "run": "true",
      "timeout": "10 min"
    }
  }
}
`,
  )
  const { code, out, talk } = await shell.run('check', 'site.json')
  expect({ code, talk }).toEqual({ code: 1, talk: '' })
  expect(out).toContain('site.json:5:')
  expect(out).toContain('did you mean "branches"?')
  expect(out).toContain('"10 min" is not a duration; write "10m"')
  expect(out.split('\n').at(-2)).toBe('3 errors')
  expect((await shell.run('check', '--config', 'site.json')).out).toBe(out)
})

test('a file that is not there is told, and ends with 1', async () => {
  const shell = aShell()
  expect(await shell.run('check')).toMatchObject({
    code: 1,
    out: '',
    talk: `error: There is no hooks file at ${shell.folder}/hooks.json. Write one, as hooks.example.json shows, or name another with --config FILE.\n`,
  })
})

test('--json gives problems and hooks to programs, and no secret', async () => {
  const shell = aShell()
  putHooks(shell)
  const { code, out } = await shell.run('check', '--json')
  const found = JSON.parse(out)
  expect(code).toBe(0)
  expect(found).toMatchObject({ valid: true, problems: [], file: `${shell.folder}/hooks.json` })
  expect(found.hooks.map((hook: { name: string }) => hook.name)).toEqual([
    'site',
    'releases',
    'intranet',
    'clear-cache',
    'df',
    'open',
  ])
  expect(out).not.toMatch(/the secret of|whsec_|a-token/)
  shell.put('hooks.json', '{}')
  expect(await shell.run('check', '--json')).toMatchObject({ code: 1 })
})
