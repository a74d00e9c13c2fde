/**
 * What a hook runs: fixed texts, and values that are whole arguments.
 */

import { describe, expect, test } from 'vitest'
import { cases, hookOf, linesOf, REF, written } from './written.ts'

const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }

describe('what a hook runs', () => {
  const command = (...items: string[]) => ({ ...push, run: undefined, command: items })
  const braces = 'and nothing is filled into a shell line: it would run as code'
  cases([
    [
      'is nothing',
      { repo: 'github:acme/site', secret: REF },
      'error hooks.a says nothing to run; add "run" or "command"',
    ],
    [
      'is two things',
      { ...push, command: ['ls'] },
      'error hooks.a.command cannot stand beside "run"; keep one',
    ],
    [
      'is an empty list',
      { ...push, run: [] },
      'error hooks.a.run is an empty list; name at least one shell line',
    ],
    [
      'is an empty line',
      { ...push, run: ['a', '  '] },
      'error hooks.a.run[1] is an empty line; nothing would run',
    ],
    [
      'asks for text to be pasted',
      { ...push, run: 'git checkout {{ branch }}' },
      `error hooks.a.run has "{{", ${braces}`,
    ],
    [
      'asks as in Actions',
      { ...push, run: ['a', `echo \${{ github.ref }}`] },
      `error hooks.a.run[1] has "\${{", ${braces}`,
    ],
    [
      'is chosen by a delivery',
      command('{{ payload.x }}'),
      'error hooks.a.command[0] is the program to run, which no delivery may choose',
    ],
    [
      'has no name',
      command('', 'x'),
      'error hooks.a.command[0] is empty; the first item is the program',
    ],
    [
      'has half a value',
      command('x', '--ref={{ branch }}'),
      'error hooks.a.command[1]: "--ref={{ branch }}" is not one whole value',
    ],
    [
      'has two values in one',
      command('x', '{{ branch }}{{ tag }}'),
      'error hooks.a.command[1]: "{{ branch }}{{ tag }}" is not one whole value',
    ],
    [
      'has an unknown value',
      command('x', '{{ user }}'),
      'error hooks.a.command[1]: "{{ user }}" is no value of a delivery',
    ],
    [
      'has variables without a shell',
      command('x', '$HOOK_SHA'),
      'warn hooks.a.command[1] passes "$HOOK_SHA" as it stands: "command" has no shell to fill it in',
    ],
    [
      'has a shell for nothing',
      { ...command('x'), shell: 'bash' },
      'warn hooks.a.shell is not used: "command" runs without a shell',
    ],
    [
      'holds a NUL',
      { ...push, run: 'a\0b' },
      'error hooks.a.run holds a NUL character, which no command can take',
    ],
  ])

  test.each([
    ['{{ brnch }}', 'did you mean "{{ branch }}"?'],
    ['{{ commit }}', 'did you mean "{{ sha }}"?'],
    ['{{ payload }}', 'did you mean "{{ payload.sender.login }}"?'],
    ['{{ body.ref }}', 'did you mean "{{ payload.ref }}"?'],
    ['{{ headers.x-a }}', 'did you mean "{{ header.x-a }}"?'],
    ['{{ inputs.scop }}', 'did you mean "{{ inputs.scope }}"?'],
    ['{{ inputs.x }}', 'its inputs are "scope"'],
    [
      '{{ user }}',
      'known are {{ branch }}, {{ tag }}, {{ ref }}, {{ sha }}, {{ repo }}, {{ payload.… }}, {{ header.… }}, {{ inputs.… }}',
    ],
  ])('%s: %s', async (item, hint) => {
    const on = { manual: { inputs: { scope: {} } } }
    const { problems } = await written({
      hooks: { a: { on, secret: REF, command: ['x', item] } },
    })
    expect(problems.map((problem) => problem.hint)).toEqual([hint])
  })

  test.each([
    '{{ branch }}',
    '{{tag}}',
    '{{ ref }}',
    '{{ sha }}',
    '{{ repo }}',
    '{{ payload.a.b-c.0 }}',
    '{{ header.X-GitHub-Event }}',
    'plain',
    '',
    '--json={}',
    '$HOME',
  ])('an item %j is fine', async (item) => {
    expect(await linesOf({ ...push, run: undefined, command: ['x', item] })).toEqual([])
  })
})

test.each([
  "docker ps --format '{{.Names}}'",
  "docker inspect -f '{{range .Mounts}}{{ .Source }}{{end}}' app",
  "docker inspect -f '{{json .State}}' app",
])('braces that are for another tool pass: %s', async (run) => {
  expect(await linesOf({ ...push, run })).toEqual([])
})

describe('a step with more to say', () => {
  const step = (more: object) => ({ ...push, run: ['git pull', more] })
  cases([
    [
      'says nothing to run',
      step({ name: 'x' }),
      'error hooks.a.run[1] says nothing to run; add "run" or "command"',
    ],
    [
      'says two things',
      step({ run: 'a', command: ['b'] }),
      'error hooks.a.run[1].command cannot stand beside "run"; make two steps',
    ],
    [
      'signals nobody',
      step({ run: 'a', pidfile: '/run/app.pid' }),
      'error hooks.a.run[1].pidfile is of use beside "signal" only',
    ],
    [
      'has no time',
      step({ run: 'a', timeout: '0s' }),
      'error hooks.a.run[1].timeout leaves no time at all; write "10m", say',
    ],
    [
      'has a time that is none',
      step({ run: 'a', timeout: '30 sec' }),
      'error hooks.a.run[1].timeout: "30 sec" is not a duration; write "30s"',
    ],
    [
      'has more time than the run',
      { ...step({ run: 'a', timeout: '1h' }), timeout: '5m' },
      'warn hooks.a.run[1].timeout is never reached: the run as a whole may take 5m',
    ],
    [
      'asks for text to be pasted',
      step({ run: 'git checkout {{ branch }}' }),
      'error hooks.a.run[1].run has "{{", and nothing is filled into a shell line: it would run as code',
    ],
    [
      'has half a value',
      step({ command: ['x', '--ref={{ branch }}'] }),
      'error hooks.a.run[1].command[1]: "--ref={{ branch }}" is not one whole value',
    ],
    [
      'holds what is no text',
      step({ run: 5 }),
      'error hooks.a.run[1].run: 5 is not a shell line such as "git pull"',
    ],
    [
      'follows a failure and is empty',
      { ...push, 'on-failure': [] },
      'error hooks.a.on-failure is an empty list; name at least one shell line',
    ],
    [
      'follows a success and lacks something',
      { ...push, 'on-success': { signal: 'HUP' } },
      'error hooks.a.on-success lacks "pidfile"',
    ],
  ])

  test.each([
    [
      step({ run: 'a', if: 'x' }),
      'there is none: "on" and "match" say when a hook runs, a line of "run" can say [ … ] || exit 0',
    ],
    [
      { ...push, if: 'x' },
      'there is none: "on" and "match" say when a hook runs, a line of "run" can say [ … ] || exit 0',
    ],
    [step({ run: 'a', 'allow-failure': true }), 'did you mean "continue-on-error"?'],
    [step({ cmd: 'a' }), 'did you mean "run"?'],
    [{ ...push, rollback: 'x' }, 'did you mean "on-failure"?'],
    [{ ...push, retries: {} }, 'did you mean "retry"?'],
    [{ ...push, retry: { times: 1, backoff: '1s' } }, 'did you mean "delay"?'],
  ])('%j: %s', async (hook, hint) => {
    const { problems } = await written({ hooks: { a: hook } })
    expect(problems.map((problem) => problem.hint)).toEqual([hint])
  })

  test("is read with all it says, and $ in it is the shell's", async () => {
    const hook = await hookOf({
      ...push,
      run: { run: './migrate', name: 'Migrate', timeout: '30s', 'continue-on-error': true },
      'on-failure': `git reset --hard "\${HOOK_LAST_SUCCESS}"`,
      'on-success': [{ command: ['notify', '{{ sha }}'], 'continue-on-error': false }],
    })
    expect(hook.steps).toEqual([
      {
        kind: 'shell',
        line: './migrate',
        shell: '/bin/sh',
        name: 'Migrate',
        timeoutMs: 30_000,
        continueOnError: true,
      },
    ])
    expect(hook.onFailure).toEqual([
      { kind: 'shell', line: `git reset --hard "\${HOOK_LAST_SUCCESS}"`, shell: '/bin/sh' },
    ])
    expect(hook.onSuccess).toEqual([{ kind: 'command', argv: ['notify', '{{ sha }}'] }])
  })
})

describe('retry', () => {
  cases([
    ['says not how often', { ...push, retry: {} }, 'error hooks.a.retry lacks "times"'],
    [
      'is for ever',
      { ...push, retry: { times: 100 } },
      'error hooks.a.retry.times: 100 is not a number of attempts; write a whole number from 1 to 10',
    ],
    [
      'is only a number',
      { ...push, retry: 3 },
      'error hooks.a.retry: 3 is not an object such as { "times": 3, "delay": "10s" }',
    ],
    [
      'waits for days',
      { ...push, retry: { times: 1, delay: '2h' } },
      'error hooks.a.retry.delay is longer than an hour, the longest wait between two attempts',
    ],
    [
      'is for nothing',
      { ...push, retry: { times: 1, on: [] } },
      'error hooks.a.retry.on is an empty list; leave "retry" out where nothing is tried again',
    ],
    [
      'is for success',
      { ...push, retry: { times: 1, on: ['success'] } },
      'error hooks.a.retry.on[0]: "success" is not "failure", "timed_out" or "interrupted", or a list of them',
    ],
  ])

  test('has a delay, and what it is for, by default', async () => {
    const both = { times: 2, delayMs: 10_000, on: ['failure', 'timed_out'] }
    expect((await hookOf({ ...push, retry: { times: 2 } })).retry).toEqual(both)
    const retry = { times: 2, delay: '1m', on: 'interrupted' }
    expect((await hookOf({ ...push, retry })).retry).toEqual({
      times: 2,
      delayMs: 60_000,
      on: ['interrupted'],
    })
  })
})

describe('a queue', () => {
  test.each([
    [{ queue: 3 }, 3],
    [{ queue: 'max' }, 'max'],
    [{}, 'single'],
  ])('%j keeps %j', async (concurrency, kept) => {
    expect((await hookOf({ ...push, concurrency })).concurrency.queue).toBe(kept)
  })

  test.each([0, 1.5, 1001])('cannot keep %d', async (kept) => {
    expect(await linesOf({ ...push, concurrency: { queue: kept } })).toEqual([
      `error hooks.a.concurrency.queue: ${kept} is not "single", "max" or a whole number from 1 to 1000`,
    ])
  })

  test('may hold a hook to so many runs at once', async () => {
    expect((await hookOf({ ...push, 'max-parallel': 2 })).maxParallel).toBe(2)
  })
})
