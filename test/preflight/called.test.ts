import { expect, test } from 'vitest'
import type { Step } from '../../src/model/hook.ts'
import { callsOf, gitUses } from '../../src/preflight/called.ts'

const line = (text: string): Step => ({ kind: 'shell', line: text, shell: '/bin/sh' })
const called = (text: string) => callsOf(line(text), '/srv/site').map(({ program }) => program)

test.each([
  ['git pull --ff-only', ['git']],
  ['npm ci && npm run build; ./restart', ['npm', 'npm', './restart']],
  ['A=1 B="$(date | cut -d" " -f1)" make all 2>&1 | tee log', ['make', 'tee']],
  ['"pip" install -r \'a b.txt\' \\\n  --quiet', ['pip']],
  ["echo 'a; b' # git pull\nnpm ci >/dev/null 2>&1 &", ['echo', 'npm']],
  ['>log build', ['build']],
] as const)('programs are found in %j', (text, programs) => {
  expect(called(text)).toEqual(programs)
})

test.each([
  ['a name that only running would tell', '"$HOME/bin/x" a; $x', []],
  ['what is called only perhaps', 'if true; then foo; fi', []],
  ['what comes after a compound command', 'a; for x in 1 2; do b; done; c', ['a']],
  ['what may be missing', 'foo || true; bar', ['bar']],
  ['a line that asks whether it is there', 'command -v foo && foo', []],
  ['what comes after other code was read in', '. venv/bin/activate && pip', ['.']],
  ['what is looked for on another PATH', 'PATH=/opt/bin:$PATH foo; bar', []],
  ['functions', 'f() { x; }; f', []],
  ['subshells', '(cd a; foo)', []],
  ['here-documents', 'cat <<EOF\nfoo\nEOF', ['cat']],
  ['quotes that do not end', "foo 'bar", ['foo']],
] as const)('nothing is said of %s', (_, text, programs) => {
  expect(called(text)).toEqual(programs)
})

test('a step without a shell calls its program, and a signal calls none', () => {
  const step: Step = { kind: 'command', argv: ['deploy', '{{ branch }}', 'x'] }
  expect(callsOf(step, '/srv')).toEqual([{ program: 'deploy', words: [null, 'x'], folder: '/srv' }])
  expect(callsOf({ kind: 'signal', signal: 'SIGHUP', pidfile: '/p' }, '/srv')).toEqual([])
})

test('git is followed to the folder it works in', () => {
  const uses = (...lines: string[]) =>
    gitUses(lines.map(line), '/srv/site').map(({ folder, verbs }) => [folder, ...verbs])
  expect(uses('git pull --ff-only', 'git -c a.b=c submodule update')).toEqual([
    ['/srv/site', 'pull', 'submodule'],
  ])
  expect(uses('cd ../api && git -C web fetch origin')).toEqual([['/srv/api/web', 'fetch']])
  expect(uses('cd "$X" && git pull', 'git -C "$X" pull', 'git --git-dir=/x log')).toEqual([])
  expect(uses('git --version', 'git config x y')).toEqual([])
  expect(uses('git clone https://x/y .', 'git pull')).toEqual([])
})
