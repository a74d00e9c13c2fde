/**
 * What a hook runs: fixed texts, and values that are whole arguments.
 */

import { describe, expect, test } from 'vitest'
import { cases, linesOf, REF, written } from './written.ts'

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
