import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { causeOf } from '../../src/run/cause.ts'
import { peek } from '../../src/run/peek.ts'
import { sendSignal } from '../../src/run/signal.ts'
import { mayStart, spawnProblem } from '../../src/run/spawn-problem.ts'
import { aDirectory, noTerms } from '../some.ts'

/** Opening it to read waits for somebody who writes, and nobody does. */
function aFifo(name: string) {
  const directory = aDirectory()
  const path = join(directory, name)
  execFileSync('mkfifo', ['-m', '755', path])
  return { directory, path }
}

const specOf = (directory: string, command: string) => ({
  argv: [command] as const,
  workingDirectory: directory,
  env: { PATH: directory },
  terms: noTerms,
})

test('the first bytes of a file, its size and its time', () => {
  const path = join(aDirectory(), 'file')
  writeFileSync(path, 'x'.repeat(10_000))
  expect(peek(path, 5)).toMatchObject({ bytes: Buffer.from('xxxxx'), size: 10_000 })
  expect(() => peek(`${path}s`, 5)).toThrow('ENOENT')
})

test('what is no file is not read, and never waited for', () => {
  const { directory, path } = aFifo('pipe')
  expect(peek(path, 5)).toBeNull()
  expect(peek('/dev/zero', 5)).toBeNull()
  mkdirSync(join(directory, 'folder'))
  expect(peek(join(directory, 'folder'), 5)).toBeNull()
})

test('a FIFO in the place of a program, a script or a pid file holds up nothing', () => {
  const { directory, path } = aFifo('deploy')
  const spec = specOf(directory, path)
  expect(mayStart(spec)).toBe(false)
  const enoent = Object.assign(new Error('spawn'), { code: 'EACCES' })
  expect(spawnProblem(enoent, spec)).toBe(`${path} is no file that could be run`)
  const words = '/bin/sh: 1: ./deploy: not found\n'
  const shell = ['/bin/sh', '-e', '-c', './deploy'] as const
  expect(causeOf(127, words, { ...spec, argv: shell })).toBeNull()
  const step = { kind: 'signal', signal: 'SIGHUP', pidfile: path } as const
  expect(sendSignal(step)).toEqual({ problem: `pid file ${path} is not a file` })
})

test('a script is still looked into', () => {
  const directory = aDirectory()
  const path = join(directory, 'deploy')
  writeFileSync(path, '#!/no/such/interpreter\n')
  chmodSync(path, 0o755)
  expect(mayStart(specOf(directory, path))).toBe(false)
  writeFileSync(path, '#!/bin/sh\n')
  expect(mayStart(specOf(directory, path))).toBe(true)
})
