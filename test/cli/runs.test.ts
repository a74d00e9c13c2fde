import { expect, test } from 'vitest'
import { aRun, NOW } from '../show/world.ts'
import { aHook, sha } from '../some.ts'
import { aShell, aShellWithServer } from './shell.ts'

const threeRuns = [
  aRun({ hook: 'blog', sha: `8b1d0e4${'0'.repeat(33)}` }),
  aRun({
    id: 141,
    hook: 'intranet',
    status: 'failure',
    exitCode: 1,
    refName: 'production',
    sha: `77aa012${'0'.repeat(33)}`,
    startedAt: NOW - 3_700_000,
    finishedAt: NOW - 3_659_000,
  }),
  aRun({
    id: 140,
    hook: 'app-release',
    status: 'timed_out',
    exitCode: null,
    event: 'tag',
    refName: 'v1.4.0',
    sha: `c01dbee${'0'.repeat(33)}`,
    startedAt: NOW - 100_000_000,
    finishedAt: NOW - 99_400_000,
  }),
]

test('runs are a table: what ran, how it ended, for what, when and how long', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(...threeRuns)
  expect(await shell.run('runs')).toEqual({
    code: 0,
    talk: '',
    out: `  RUN   HOOK         STATUS       EVENT            COMMIT   STARTED    TOOK
✓ #142  blog         success      push main        8b1d0e4  2m ago     2.9s
✗ #141  intranet     failure (1)  push production  77aa012  1h ago     41s
◷ #140  app-release  timed_out    tag v1.4.0       c01dbee  yesterday  10m
`,
    screen: expect.any(String),
  })
})

test('runs that wait, go on, were cancelled or interrupted have signs of their own', async () => {
  const shell = await aShellWithServer()
  const begun = { startedAt: NOW - 1000, finishedAt: null, exitCode: null }
  const waiting = { ...begun, startedAt: null, queuedAt: NOW - 9000 }
  shell.world.runs.push(
    aRun({ id: 5, status: 'queued', ...waiting }),
    aRun({ id: 4, status: 'running', ...begun }),
    aRun({ id: 3, status: 'cancelled', ...waiting }),
    aRun({ id: 2, status: 'interrupted', ...begun, finishedAt: NOW }),
    aRun({ id: 1, status: 'failure', signal: 'SIGSEGV', exitCode: null }),
  )
  expect((await shell.run('runs')).out).toBe(
    `  RUN  HOOK         STATUS             EVENT      COMMIT   STARTED   TOOK
◌ #5   deploy-site  queued             push main  aaaaaaa  9s ago
● #4   deploy-site  running            push main  aaaaaaa  just now  1.0s
⊘ #3   deploy-site  cancelled          push main  aaaaaaa  9s ago
! #2   deploy-site  interrupted        push main  aaaaaaa  just now  1.0s
✗ #1   deploy-site  failure (SIGSEGV)  push main  aaaaaaa  2m ago    2.9s
`,
  )
})

test('a narrow terminal cuts the long columns, and keeps numbers and states whole', async () => {
  const shell = await aShellWithServer({ columns: 64 })
  shell.world.runs.push(...threeRuns, aRun({ id: 139, refName: 'feature/a-rather-long-name' }))
  const { out } = await shell.run('runs')
  expect(out).toBe(
    `  RUN   HOOK         STATUS       EVENT     COMMIT   STARTED    
✓ #142  blog         success      push ma…  8b1d0e4  2m ago     
✗ #141  intranet     failure (1)  push pr…  77aa012  1h ago     
◷ #140  app-release  timed_out    tag v1.…  c01dbee  yesterday  
✓ #139  deploy-site  success      push fe…  aaaaaaa  2m ago     
`.replace(/ +$/gm, ''),
  )
})

test('in a file or a pipe nothing is cut', async () => {
  const shell = await aShellWithServer({ columns: null })
  const refName =
    'feature/a-name-that-is-longer-than-any-terminal-would-ever-be-wide-in-a-hundred-years'
  shell.world.runs.push(aRun({ refName }))
  expect((await shell.run('runs')).out).toContain(`push ${refName}  aaaaaaa`)
})

test('a branch name that holds an escape sequence cannot reach the terminal raw', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ refName: 'a\x1b[2Jb\u202egnp.exe\nfake\x9b31m' }))
  const { out } = await shell.run('runs')
  expect(out).toContain(String.raw`push a\x1b[2Jb\u202egnp.exe\x0afake\x9b31m`)
  const { out: json } = await shell.run('runs', '--json')
  expect(json).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
  expect(JSON.parse(json).runs[0].refName).toBe('a\x1b[2Jb\u202egnp.exe\nfake\x9b31m')
})

test('columns stay aligned beside wide characters', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(
    aRun({ id: 2, refName: '機能/追加' }),
    aRun({ id: 1, refName: 'e\u0301te\u0301' }),
  )
  expect((await shell.run('runs')).out).toBe(
    `  RUN  HOOK         STATUS   EVENT           COMMIT   STARTED  TOOK
✓ #2   deploy-site  success  push 機能/追加  aaaaaaa  2m ago   2.9s
✓ #1   deploy-site  success  push e\u0301te\u0301        aaaaaaa  2m ago   2.9s
`,
  )
})

test('colours mark the head, the sign and the state, and only where colours are wanted', async () => {
  const shell = await aShellWithServer({ colours: true })
  shell.world.runs.push(aRun({ status: 'failure', exitCode: 2 }))
  expect((await shell.run('runs')).out).toBe(
    `<dim>  RUN   HOOK         STATUS       EVENT      COMMIT   STARTED  TOOK</>
<red>✗</> #142  deploy-site  <red>failure (2)</>  push main  aaaaaaa  2m ago   2.9s
`,
  )
})

test('runs can be narrowed to a hook, a state and a number', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(
    aRun({ id: 1, hook: 'blog' }),
    aRun({ id: 2, hook: 'blog' }),
    aRun({ id: 3, hook: 'blog', status: 'failure' }),
    aRun({ id: 4 }),
  )
  const words = ['--hook', 'blog', '--status', 'success', '--limit', '1']
  const { out } = await shell.run('runs', '--json', ...words)
  const { runs, next } = JSON.parse(out)
  expect([runs.map((run: { id: number }) => run.id), next]).toEqual([[2], 2])
})

test('where there is nothing, that is said, with what to do next', async () => {
  const shell = await aShellWithServer()
  expect(await shell.run('runs')).toMatchObject({
    code: 0,
    out: '',
    talk: 'No runs yet. Start one with "runhook trigger HOOK", or try a delivery with "runhook send HOOK".\n',
  })
  expect(await shell.run('runs', 'blog')).toMatchObject({
    code: 3,
    talk: 'error: There is no hook "blog". Known: none.\n',
  })
  expect(await shell.run('runs', '142')).toMatchObject({
    code: 3,
    talk: 'error: There is no hook "142". "runhook logs 142" shows the run of that number.\n',
  })
  shell.world.hooks.push(aHook({ name: 'blog' }))
  expect((await shell.run('runs', '--hook', 'blog', '--status', 'failure')).talk).toBe(
    'No runs of blog that are failure. "runhook runs" lists all.\n',
  )
  expect((await shell.run('runs', '--json')).out).toBe('{\n  "runs": [],\n  "next": null\n}\n')
})

test('without a server the exit code is 5, and the sentence says where one was looked for', async () => {
  const shell = aShell()
  expect(await shell.run('runs')).toMatchObject({
    code: 5,
    out: '',
    talk: `error: No server answers at ${shell.folder}/.runhook/runhook.sock. Start one with "runhook serve". If one runs, name its hooks file with --config FILE, or its data folder with --data FOLDER (/var/lib/runhook under systemd); a worker is not asked, but any server of its fleet: --server URL.\n`,
  })
})

test('a cell of a table holds what it should: a commit id is cut to seven digits', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ sha: sha('e') }), aRun({ id: 1, sha: null, refName: null }))
  expect((await shell.run('runs')).out.split('\n').slice(1, 3)).toEqual([
    '✓ #142  deploy-site  success  push main  eeeeeee  2m ago   2.9s',
    '✓ #1    deploy-site  success  push                2m ago   2.9s',
  ])
})

test('a retry says which it is, and when it may start', async () => {
  const shell = await aShellWithServer()
  const waiting = { status: 'queued', startedAt: null, finishedAt: null, exitCode: null } as const
  const retry = { run: 11, number: 2, times: 3, interruptions: 0 }
  shell.world.runs.push(
    aRun({ id: 14, ...waiting, queuedAt: NOW - 6000, retry, notBefore: NOW + 125_000 }),
    aRun({ id: 13, ...waiting, queuedAt: NOW - 6000, retry, notBefore: NOW - 1 }),
    aRun({ id: 12, ...waiting, queuedAt: NOW - 6000, retry, notBefore: NOW + 13_400 }),
    aRun({ id: 11, status: 'failure', exitCode: 1, startedAt: NOW - 7000, finishedAt: NOW - 6100 }),
  )
  expect((await shell.run('runs')).out).toBe(
    `  RUN  HOOK         STATUS                         EVENT      COMMIT   STARTED  TOOK
◌ #14  deploy-site  waiting, retry 2 of 3 in 2m5s  push main  aaaaaaa  6s ago
◌ #13  deploy-site  waiting, retry 2 of 3          push main  aaaaaaa  6s ago
◌ #12  deploy-site  waiting, retry 2 of 3 in 14s   push main  aaaaaaa  6s ago
✗ #11  deploy-site  failure (1)                    push main  aaaaaaa  7s ago   0.9s
`,
  )
  expect((await shell.run('logs', '12')).talk).toBe(
    '#12 deploy-site is waiting, retry 2 of 3 in 14s: "runhook logs -f" follows it.\n',
  )
})

test('runs can be asked for by event, branch, who and since when', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(
    aRun({ id: 1, sender: 'ada', refName: 'topic', queuedAt: Date.now() }),
    aRun({ id: 2, sender: 'grace', event: 'tag', queuedAt: Date.now() }),
    aRun({ id: 3, sender: 'ada', queuedAt: Date.now() - 100_000_000 }),
  )
  const found = async (...words: string[]) => {
    const { runs } = JSON.parse((await shell.run('runs', '--json', ...words)).out)
    return runs.map(({ id }: { id: number }) => id)
  }
  expect(await found('--who', 'ada')).toEqual([3, 1])
  expect(await found('--who', 'ada', '--since', '1d')).toEqual([1])
  expect(await found('--branch', 'topic')).toEqual([1])
  expect(await found('--event', 'tag')).toEqual([2])
  expect((await shell.run('runs', '--who', 'eve', '--since', '7d')).talk).toBe(
    'No runs by eve since 7d. "runhook runs" lists all.\n',
  )
  expect((await shell.run('runs', '--since', 'noon')).talk).toContain(
    'since is "noon"; allowed is a day such as 2026-11-23',
  )
})
