import { expect, test } from 'vitest'
import { aRun, aStatus, aStep, NOW } from '../show/world.ts'
import { aHook, until } from '../some.ts'
import { aShellWithServer, type ShellOptions } from './shell.ts'

async function withRun(options: ShellOptions = {}) {
  const shell = await aShellWithServer(options)
  shell.world.runs.push(aRun({ status: 'failure', exitCode: 1 }))
  shell.world.steps.set(142, [
    aStep({ outputFrom: 0, outputTo: 7 }),
    aStep({ number: 2, title: './migrate', exitCode: 1, outputFrom: 7, outputTo: 13 }),
  ])
  return shell
}

test('a log is each step, then what it wrote; how it ended is said beside it', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, 'pulled\nbroken')
  expect(await shell.run('logs', '142')).toEqual({
    code: 0,
    out: '$ git pull --ff-only\npulled\n$ ./migrate\nbroken\n',
    talk: '✗ failure (1) in 2.9s\n',
    screen: '$ git pull --ff-only\npulled\n$ ./migrate\nbroken\n✗ failure (1) in 2.9s\n',
  })
})

test('a run may be named with or without #, by its hook, or not at all', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, 'pulled\nbroken\n')
  const { out } = await shell.run('logs', '142')
  expect((await shell.run('logs', '#142')).out).toBe(out)
  const newest = { code: 0, out, talk: '#142 deploy-site\n✗ failure (1) in 2.9s\n' }
  expect(await shell.run('logs', 'deploy-site')).toMatchObject(newest)
  expect(await shell.run('logs')).toMatchObject(newest)
})

test('a run or a hook that is not there is told, with exit code 3', async () => {
  const shell = await aShellWithServer()
  expect(await shell.run('logs', '7')).toMatchObject({
    code: 3,
    talk: 'error: There is no run #7. "runhook runs" lists those that are kept.\n',
  })
  expect(await shell.run('logs', 'blog')).toMatchObject({
    code: 3,
    talk: 'error: There is no hook "blog". Known: none.\n',
  })
  shell.world.hooks.push(aHook({ name: 'blog' }))
  expect((await shell.run('logs', 'blog')).talk).toBe('error: There are no runs of blog yet.\n')
  expect((await shell.run('logs', 'bolg')).talk).toBe(
    'error: There is no hook "bolg". Did you mean "blog"?\n',
  )
  shell.world.control.status = () => ({ ...aStatus(), configProblem: 'hooks.json has a mistake' })
  expect((await shell.run('logs', 'nightly')).talk).toBe(
    'error: There is no hook "nightly". hooks.json has a mistake: see "runhook check".\n',
  )
  expect((await shell.run('logs')).talk).toBe('error: There are no runs yet.\n')
  expect(await shell.run('logs', 'No/Hook')).toMatchObject({
    code: 2,
    talk: 'error: hook is "No/Hook"; allowed is the name of a hook.\n',
  })
})

const wicked =
  'a\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2Jb\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n'

test('a terminal gets the colours of the output and no other escape sequence', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, wicked)
  shell.world.steps.clear()
  expect((await shell.run('logs', '142')).out).toBe('a\x1b[31mred\x1b[0mblink\n\x1b[0m')
})

test('a terminal gets the beginning of an endless line and how much more there is', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, `${'x'.repeat(200_000)}\nshort\n${'y'.repeat(20_000)}`)
  shell.world.steps.clear()
  const longest = 16 * 1024
  expect((await shell.run('logs', '142')).out).toBe(
    `${'x'.repeat(longest)}… [runhook: 183,616 more characters]\nshort\n` +
      `${'y'.repeat(longest)}… [runhook: 3,616 more characters]\n`,
  )
  expect((await shell.run('logs', '142', '--raw')).out).toHaveLength(220_007)
})

test('a file or a pipe gets the bytes as they are, invalid ones too', async () => {
  const shell = await withRun({ columns: null })
  const bytes = Buffer.concat([Buffer.from(wicked), Buffer.from([0xff, 0x00, 0xc3])])
  await shell.world.wrote(142, bytes)
  shell.world.steps.clear()
  expect((await shell.run('logs', '142')).out).toBe(bytes.toString('latin1'))
})

test('--raw gives a terminal the bytes as they are, and nothing of ours', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, wicked)
  expect(await shell.run('logs', '142', '--raw')).toMatchObject({ out: wicked, talk: '' })
  expect((await shell.run('logs', '142', '--raw', '-f')).out).toBe(wicked)
})

test('the log of a run that goes on is what there is by now', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  shell.world.control = { steps: () => [aStep({ finishedAt: null, exitCode: null })] }
  const writer = shell.world.output.open(142)
  writer.write(Buffer.from('pulled\n'))
  const { output } = shell.world
  await until(async () => (await output.read(142, 0, 9)).length === 7, 'the output on disk')
  expect(await shell.run('logs', '142')).toMatchObject({
    code: 0,
    out: '$ git pull --ff-only\npulled\n',
    talk: '#142 deploy-site is still running: "runhook logs -f" follows it.\n',
  })
  await writer.close()
})

test('-f stays until the run has ended; that it failed is no failure of showing it', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  shell.world.control = { steps: () => [aStep({ finishedAt: null, exitCode: null })] }
  const writer = shell.world.output.open(142)
  writer.write(Buffer.from('pul'))
  const { said, done } = shell.start('logs', '-f')
  await until(() => said.out.includes('pul'), 'the beginning')
  writer.write(Buffer.from('led\n'))
  await until(() => said.out.includes('pulled\n'), 'the rest')
  await writer.close()
  shell.world.moved(aRun({ status: 'timed_out', exitCode: null, reason: 'ran for over 10m' }))
  expect(await done).toMatchObject({
    code: 0,
    screen:
      '#142 deploy-site\n$ git pull --ff-only\npulled\n◷ timed_out in 2.9s: ran for over 10m\n',
  })
})

test('a server that goes away in between is told, with exit code 5', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  shell.world.control = { steps: () => [aStep({ finishedAt: null, exitCode: null })] }
  const writer = shell.world.output.open(142)
  writer.write(Buffer.from('begun\n'))
  const { said, done } = shell.start('logs', '142', '-f')
  await until(() => said.out.includes('begun'), 'the beginning')
  await shell.server.close()
  expect(await done).toMatchObject({
    code: 5,
    talk: 'error: The server went away while run #142 was going on. Once it is back, "runhook logs 142" tells how it ended.\n',
  })
  await writer.close()
})

test('--json gives the run, its steps and its output; with -f one event a line', async () => {
  const shell = await withRun()
  await shell.world.wrote(142, 'pulled\nbroken\n')
  const view = JSON.parse((await shell.run('logs', '142', '--json')).out)
  expect(view).toMatchObject({
    run: { id: 142, status: 'failure' },
    steps: [{ title: 'git pull --ff-only' }, { title: './migrate' }],
    output: 'pulled\nbroken\n',
  })
  const { out } = await shell.run('logs', '142', '--json', '-f')
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => Object.keys(JSON.parse(line))[0])
  expect(events).toEqual(['step', 'output', 'step', 'output', 'end'])
})

test('a step of several lines is shown as such, and cannot pass for output of another', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ startedAt: NOW, finishedAt: NOW + 65_000 }))
  shell.world.steps.set(142, [aStep({ title: 'for f in *; do\n  echo "$f"\ndone\x1b[2J' })])
  await shell.world.wrote(142, 'a\n')
  expect((await shell.run('logs', '142')).screen).toBe(
    '$ for f in *; do\n    echo "$f"\n  done\\x1b[2J\na\n✓ success in 1m5s\n',
  )
})

test('a step that failed says so where another follows, and phases and names have their lines', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'failure', exitCode: 1, reason: 'step 2 (make) failed' }))
  const failed = { status: 'failure', exitCode: 1, reason: 'failed with exit code 1' } as const
  shell.world.steps.set(142, [
    aStep({ title: 'lint', ...failed, outputFrom: 0, outputTo: 4 }),
    aStep({
      number: 2,
      name: 'Build\x1b[2J',
      title: 'make',
      ...failed,
      outputFrom: 4,
      outputTo: 4,
    }),
    aStep({ number: 3, phase: 'on-failure', title: 'back', outputFrom: 4, outputTo: 9 }),
    aStep({ number: 4, phase: 'on-failure', title: 'tell', ...failed, outputFrom: 9, outputTo: 9 }),
  ])
  await shell.world.wrote(142, 'bad\nback\n')
  const log = `$ lint
bad
✗ failed with exit code 1
# Build\\x1b[2J
$ make
✗ failed with exit code 1
-- on-failure
$ back
back
$ tell
✗ failure (1) in 2.9s: step 2 (make) failed
`
  expect((await shell.run('logs', '142')).screen).toBe(log)
  expect((await shell.run('logs', '142', '-f')).screen).toBe(log)
})

test('-f tells how a step ended before the next one begins', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  const begun = aStep({
    title: 'lint',
    status: null,
    finishedAt: null,
    exitCode: null,
    outputTo: null,
  })
  let live = [begun]
  shell.world.control = { steps: () => live }
  const writer = shell.world.output.open(142)
  writer.write(Buffer.from('bad\n'))
  const { said, done } = shell.start('logs', '142', '-f')
  await until(() => said.out.includes('bad'), 'the beginning')
  const ended = { finishedAt: NOW, status: 'failure', reason: 'failed with exit code 1' } as const
  live = [{ ...begun, ...ended, outputTo: 4 }, aStep({ number: 2, title: 'make', outputFrom: 4 })]
  writer.write(Buffer.from('made\n'))
  await until(() => said.out.includes('made'), 'the rest')
  await writer.close()
  shell.world.steps.set(142, live)
  shell.world.runs[0] = aRun()
  expect((await done).screen).toBe(
    '$ lint\nbad\n✗ failed with exit code 1\n$ make\nmade\n✓ success in 2.9s\n',
  )
})
