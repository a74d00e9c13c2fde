import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { noteStarted, Started } from '../../src/run/started.ts'
import { aDirectory } from '../some.ts'
import { aBench } from './runs.ts'
import { test } from './ways.ts'

const cat = { kind: 'command', argv: ['cat', 'started'] } as const
const fails = { kind: 'command', argv: ['false'] } as const

test('a run is noted as started before its first command is, and once', async () => {
  const { run, tools } = aBench()
  expect(await run([cat, cat])).toMatchObject({ status: 'success', text: '1\n1\n' })
  await run([fails])
  expect(tools.started.read()).toEqual(new Set([1, 2]))
})

test('a signal counts as started too', async () => {
  const { run, tools, directory } = aBench()
  const pidfile = join(directory, 'none.pid')
  const { status } = await run([{ kind: 'signal', signal: 'SIGHUP', pidfile }])
  expect(status).toBe('failure')
  expect(tools.started.read()).toEqual(new Set([1]))
})

test('what cannot be noted is not started', async () => {
  const { run, directory } = aBench()
  mkdirSync(join(directory, 'started'))
  const { status, text, steps } = await run([{ kind: 'command', argv: ['touch', 'ran'] }])
  expect(status).toBe('failure')
  expect(`${text}${steps.length}`).not.toBe('0')
  expect(() => statSync(join(directory, 'ran'))).toThrow('ENOENT')
})

test('a line cut short by a crash, and a file that is not there, are no evidence', () => {
  const started = new Started(join(aDirectory(), 'started'))
  expect(started.read()).toEqual(new Set())
  writeFileSync(started.path, '7\n12')
  expect(started.read()).toEqual(new Set([7]))
})

test('the file is for its owner alone, and is emptied when it has grown large', () => {
  const started = new Started(join(aDirectory(), 'started'))
  started.clear()
  noteStarted(started.lineOf(3))
  expect(statSync(started.path).mode & 0o777).toBe(0o600)
  started.tidy()
  expect(readFileSync(started.path, 'utf8')).toBe('3\n')
  writeFileSync(started.path, '1000000\n'.repeat(200_000))
  started.tidy()
  expect(started.read()).toEqual(new Set())
})
