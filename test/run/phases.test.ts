/** What follows a run's steps, and the limits that a step has of its own, with real processes. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Step } from '../../src/model/hook.ts'
import { until } from '../some.ts'
import { aBench, shell } from './runs.ts'
import { test } from './ways.ts'

const named = (line: string, more: object): Step => ({ ...shell(line), ...more }) as Step
const tell = (...names: string[]) =>
  shell(names.map((name) => `echo "${name}=$${name}"`).join('\n'))

test('on-failure runs after a step that failed, which stays the reason', async () => {
  const { run } = aBench()
  const end = await run([shell('true'), shell('exit 3'), shell('echo never')], {
    hook: { onFailure: [shell('echo back')], onSuccess: [shell('echo never')] },
  })
  expect(end).toMatchObject({
    status: 'failure',
    exitCode: 3,
    reason: 'step 2 (exit 3) failed with exit code 3; on-failure succeeded',
    text: 'back\n',
  })
  expect(
    end.steps.map(({ number, phase, status, reason }) => [number, phase, status, reason]),
  ).toEqual([
    [1, 'run', 'success', null],
    [2, 'run', 'failure', 'failed with exit code 3'],
    [3, 'on-failure', 'success', null],
  ])
})

test('on-failure knows how it ended, where, what was there before and what last succeeded', async () => {
  const { run } = aBench()
  const names = ['HOOK_STATUS', 'HOOK_FAILED_STEP', 'HOOK_BEFORE', 'HOOK_LAST_SUCCESS']
  const end = await run([tell(...names), named('exit 1', { name: 'Migrate' })], {
    hook: { onFailure: [tell(...names)] },
    lastSuccess: 'c'.repeat(40),
  })
  expect(end.text.split('\n')).toEqual([
    'HOOK_STATUS=',
    'HOOK_FAILED_STEP=',
    `HOOK_BEFORE=${'b'.repeat(40)}`,
    `HOOK_LAST_SUCCESS=${'c'.repeat(40)}`,
    'HOOK_STATUS=failure',
    'HOOK_FAILED_STEP=Migrate',
    `HOOK_BEFORE=${'b'.repeat(40)}`,
    `HOOK_LAST_SUCCESS=${'c'.repeat(40)}`,
    '',
  ])
  expect(end.reason).toBe('step 2, Migrate (exit 1) failed with exit code 1; on-failure succeeded')
})

test('a rollback that fails is told beside what it was for', async () => {
  const { run } = aBench()
  const end = await run([shell('exit 1')], {
    hook: { onFailure: [shell('exit 4'), shell('echo never')] },
  })
  expect(end).toMatchObject({
    status: 'failure',
    exitCode: 1,
    reason:
      'step 1 (exit 1) failed with exit code 1; on-failure failed too: step 2 (exit 4) failed with exit code 4',
    text: '',
  })
})

test('on-failure has as much time as the run had, and no more', async () => {
  const { run } = aBench()
  const end = await run([shell('sleep 300')], {
    hook: { timeoutMs: 400, onFailure: [shell('echo "$HOOK_STATUS"'), shell('sleep 300')] },
  })
  expect(end).toMatchObject({
    status: 'timed_out',
    reason:
      'still running after 400ms: sent TERM to its processes; on-failure failed too: still running after 400ms: sent TERM to its processes',
    text: 'timed_out\n',
  })
})

test('on-failure does not run after a cancel, nor when a retry follows', async () => {
  const { run, output } = aBench()
  const controller = new AbortController()
  const onFailure = [shell('echo never')]
  const running = run([shell('echo; sleep 300')], {
    hook: { onFailure },
    signal: controller.signal,
  })
  await until(async () => (await output.read(1, 0, 10)).length > 0)
  controller.abort('cancel:by ada')
  expect(await running).toMatchObject({ status: 'cancelled', reason: 'by ada', text: '\n' })
  const retry = { times: 1, delayMs: 0, on: ['failure'] } as const
  const hook = { onFailure: [shell('echo back')], retry }
  expect((await run([shell('false')], { hook })).text).toBe('')
  const last = { retry: { run: 1, number: 1, times: 1, interruptions: 0 } }
  expect((await run([shell('false')], { hook, run: last })).text).toBe('back\n')
})

test('a cancel ends on-failure too, and leaves the run what it was', async () => {
  const { run, output } = aBench()
  const controller = new AbortController()
  const hook = { onFailure: [shell('echo; sleep 300'), shell('echo never')] }
  const running = run([shell('false')], { hook, signal: controller.signal })
  await until(async () => (await output.read(1, 0, 10)).length > 0)
  controller.abort('cancel:cancelled by ada')
  expect(await running).toMatchObject({
    status: 'failure',
    reason: 'step 1 (false) failed with exit code 1; on-failure did not end: cancelled by ada',
    steps: [{ status: 'failure' }, { phase: 'on-failure', status: 'cancelled' }],
  })
})

test('on-success runs after success, and its failure is the failure of the run', async () => {
  const { run } = aBench()
  const well = { onSuccess: [tell('HOOK_STATUS')], onFailure: [shell('echo never')] }
  expect(await run([shell('true')], { hook: well })).toMatchObject({
    status: 'success',
    reason: null,
    text: 'HOOK_STATUS=success\n',
    steps: [{ phase: 'run' }, { phase: 'on-success' }],
  })
  const badly = { onSuccess: [shell('exit 9')], onFailure: [shell('echo never')] }
  expect(await run([shell('true')], { hook: badly })).toMatchObject({
    status: 'failure',
    exitCode: 9,
    reason: 'on-success: step 2 (exit 9) failed with exit code 9',
    text: '',
  })
})

test('a step that may fail shows that it did, and the run succeeds', async () => {
  const { run } = aBench()
  const end = await run([
    named('exit 2', { continueOnError: true, name: 'Lint' }),
    named('sleep 300', { continueOnError: true, timeoutMs: 200 }),
    shell('echo on'),
  ])
  expect(end).toMatchObject({
    status: 'success',
    exitCode: 0,
    reason:
      'step 1, Lint (exit 2) failed with exit code 2, and the run went on; step 2 (sleep 300) was still running after 200ms: sent TERM to its processes, and the run went on',
    text: 'on\n',
    steps: [
      { name: 'Lint', title: 'exit 2', status: 'failure', exitCode: 2 },
      { status: 'timed_out', reason: 'was still running after 200ms: sent TERM to its processes' },
      { status: 'success' },
    ],
  })
})

test('a step that takes longer than it may ends alone, and the run as timed_out', async () => {
  const { run } = aBench()
  const end = await run([
    shell('true'),
    named('sleep 300', { timeoutMs: 700 }),
    shell('echo never'),
  ])
  expect(end).toMatchObject({
    status: 'timed_out',
    reason: 'step 2 (sleep 300) was still running after 700ms: sent TERM to its processes',
    text: '',
  })
})

test("the run's own time is over for a step that may fail as for any other", async () => {
  const { run } = aBench()
  const end = await run([named('sleep 300', { continueOnError: true }), shell('echo never')], {
    hook: { timeoutMs: 300 },
  })
  expect(end).toMatchObject({ status: 'timed_out', text: '' })
  expect(end.reason).toMatch(/^still running after 300ms/)
})

test('a signal to nobody may fail as well', async () => {
  const { run, directory } = aBench()
  const pidfile = join(directory, 'none.pid')
  const signal = { kind: 'signal', signal: 'SIGHUP', pidfile, continueOnError: true } as const
  expect(await run([signal, shell('echo on')])).toMatchObject({ status: 'success', text: 'on\n' })
})

test('a value that may not be an argument is refused before any step runs, and nothing follows', async () => {
  const { run, directory } = aBench()
  const end = await run(
    [shell('touch ran'), { kind: 'command', argv: ['echo', '{{ inputs.free }}'] }],
    {
      run: { inputs: { free: '-x' } },
      hook: { onFailure: [shell('touch rolled-back')], retry: null },
    },
  )
  expect(end).toMatchObject({ status: 'failure', refused: true, steps: [] })
  expect(end.reason).toBe(
    'step 2 (echo {{ inputs.free }}): argument {{ inputs.free }}: the value begins with "-", which would make it an option',
  )
  expect(readdirSync(directory)).not.toContain('ran')
  expect(readdirSync(directory)).not.toContain('rolled-back')
})
