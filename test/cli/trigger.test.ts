import { expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import type { Run } from '../../src/model/run.ts'
import { aRun, aStep, NOW } from '../show/world.ts'
import { aShellWithServer, type ShellOptions } from './shell.ts'

const begun: Run = aRun({
  id: 143,
  hook: 'clear-cache',
  group: 'clear-cache',
  status: 'running',
  startedAt: NOW,
  finishedAt: null,
  exitCode: null,
})

/** A server where a triggered run waits, starts, says something and ends. */
async function withHook(end: Partial<Run>, options: ShellOptions = {}) {
  const shell = await aShellWithServer(options)
  const { world } = shell
  const start = async () => {
    world.runs.unshift({ ...begun, status: 'queued', startedAt: null })
    setTimeout(async () => {
      world.moved(begun)
      await world.wrote(143, 'cleared 1,204 pages\n')
      world.steps.set(143, [aStep({ title: '.venv/bin/python manage.py clear_cache' })])
      world.moved({ ...begun, finishedAt: NOW + 800, ...end })
    }, 250)
    return { ...begun, status: 'queued' as const, startedAt: null }
  }
  const status = () => ({
    version: '0.1.0',
    startedAt: NOW,
    url: 'http://127.0.0.1:9000',
    pages: 'http://127.0.0.1:9000',
    hooks: 1,
    running: 0,
    waiting: 0,
    maxWaiting: 10_000,
    configProblem: null,
  })
  world.control = { trigger: start, rerun: start, status }
  return shell
}

test('trigger --wait shows the run from its start to its end', async () => {
  const shell = await withHook({ status: 'success', exitCode: 0 })
  expect(await shell.run('trigger', 'clear-cache', '-i', 'scope=pages', '--wait')).toEqual({
    code: 0,
    out: '$ .venv/bin/python manage.py clear_cache\ncleared 1,204 pages\n',
    talk: expect.any(String),
    screen: `#143 clear-cache queued  http://127.0.0.1:9000/runs/143
#143 clear-cache started  http://127.0.0.1:9000/runs/143
$ .venv/bin/python manage.py clear_cache
cleared 1,204 pages
✓ success in 0.8s
`,
  })
  expect(shell.world.asked).toEqual(['trigger clear-cache {"scope":"pages"} by ada'])
})

test.each([
  ['trigger', 'clear-cache'],
  ['rerun', '142'],
])('%s --wait exits with 1 when the run does not succeed, and says why', async (...words) => {
  const end = { status: 'timed_out' as const, reason: 'ran for over 10m' }
  const shell = await withHook(end)
  const { code, talk } = await shell.run(...words, '--wait')
  expect(code).toBe(1)
  expect(talk.split('\n').at(-2)).toBe('◷ timed_out in 0.8s: ran for over 10m')
})

test('without --wait it says which run it is, and how to follow it', async () => {
  const shell = await withHook({})
  expect(await shell.run('trigger', 'clear-cache')).toMatchObject({
    code: 0,
    out: '#143 clear-cache queued  http://127.0.0.1:9000/runs/143\n',
    talk: '  runhook logs -f 143\n',
  })
})

test('it waits only behind a run of its group, and that one is named', async () => {
  const waiting = '#143 clear-cache waiting in group clear-cache, behind #141'
  const shell = await withHook({ status: 'success', exitCode: 0 })
  const ahead = { ...begun, id: 141 }
  shell.world.runs.push({ ...ahead, id: 142, group: 'site' }, ahead)
  expect((await shell.run('trigger', 'clear-cache')).out).toContain(waiting)
  const followed = await withHook({ status: 'success', exitCode: 0 })
  followed.world.runs.push({ ...ahead, status: 'queued' })
  expect((await followed.run('rerun', '142', '--wait')).talk).toContain(`${waiting}  http`)
  const alone = await withHook({})
  alone.world.runs.push({ ...ahead, status: 'success' })
  expect((await alone.run('trigger', 'clear-cache')).out).toContain('#143 clear-cache queued')
})

test('a server without pages is not linked to', async () => {
  const shell = await withHook({})
  const { trigger } = shell.world.control
  shell.world.control = trigger ? { trigger } : {}
  expect((await shell.run('trigger', 'clear-cache')).out).toBe('#143 clear-cache queued\n')
})

test('--json is one object on its own; the log goes where people read', async () => {
  const shell = await withHook({ status: 'success', exitCode: 0 })
  const { out, talk } = await shell.run('rerun', '#142', '--wait', '--json')
  expect(JSON.parse(out)).toMatchObject({ run: { id: 143, status: 'success', exitCode: 0 } })
  expect(talk).toContain('cleared 1,204 pages\n')
  expect(shell.world.asked).toEqual(['rerun 142 by ada'])
  const started = await withHook({})
  expect(JSON.parse((await started.run('trigger', 'clear-cache', '--json')).out)).toMatchObject({
    run: { id: 143, status: 'queued' },
  })
})

test.each([
  ['not-found', 3],
  ['invalid', 2],
  ['conflict', 1],
  ['not-allowed', 4],
  ['storage', 1],
] as const)('a refusal of the server with the code %s ends with %i', async (code, exitCode) => {
  const shell = await aShellWithServer()
  shell.world.control = {
    trigger: async () => {
      throw new RunhookError(code, 'It does not want to.', { hint: 'Ask again.' })
    },
  }
  expect(await shell.run('trigger', 'blog')).toMatchObject({
    code: exitCode,
    out: '',
    talk: 'error: It does not want to. Ask again.\n',
  })
})

test('cancel says what became of the run', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun({ status: 'running' }))
  shell.world.control = { cancel: async () => 'stopping' }
  expect(await shell.run('cancel', '#142')).toMatchObject({
    code: 0,
    out: '#142 deploy-site is being stopped\n',
    talk: '',
  })
  expect(JSON.parse((await shell.run('cancel', '142', '--json')).out).result).toBe('stopping')
  shell.world.control = { cancel: async () => 'cancelled' }
  expect((await shell.run('cancel', '142')).out).toBe('#142 deploy-site cancelled\n')
  shell.world.runs[0] = aRun()
  shell.world.control = { cancel: async () => 'ended' }
  expect(await shell.run('cancel', '142')).toMatchObject({
    code: 1,
    talk: 'error: Run #142 has already ended: success.\n',
  })
  expect((await shell.run('cancel', '99')).code).toBe(3)
})
