/** Programs, folders and processes of a hook, asked as it would meet them. */

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Step } from '../../src/model/hook.ts'
import { aDirectory } from '../some.ts'
import { findings } from './hooks.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const lines = (...texts: string[]): Step[] =>
  texts.map((line) => ({ kind: 'shell', line, shell: '/bin/sh' }))

function aScript(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
  return file
}

test('a program of the virtual environment is named with where it is', async () => {
  const workingDirectory = aDirectory()
  const file = aScript(workingDirectory, '.venv/bin/pip-of-site', '#!/bin/sh\n')
  const bin = `${workingDirectory}/.venv/bin`
  const hook = { workingDirectory, steps: lines('pip-of-site install -r requirements.txt') }
  expect(await findings(hook)).toEqual([
    `✓ folder: works in ${workingDirectory}`,
    `✗ programs: pip-of-site is not on the hook's PATH (${PATH}); by hand it is found in ${bin}, because you activate it there`,
    `  write ${file}, or add to the hook:`,
    `  "env": { "PATH": "${bin}:${PATH}" }`,
  ])
  const mended = await findings({ ...hook, env: { PATH: `${bin}:${PATH}` } })
  expect(mended).toContain('✓ programs: finds /bin/sh, pip-of-site')
})

test("a program of one's own shell is named with its folder", async () => {
  const folder = aDirectory()
  aScript(folder, 'tool-of-ada', '#!/bin/sh\n')
  const before = process.env.PATH
  process.env.PATH = `${folder}:${before}`
  onTestFinished(() => {
    process.env.PATH = before
  })
  const found = await findings({ steps: lines('tool-of-ada') })
  expect(found[1]).toContain(`found in ${folder}, because your shell's PATH has it`)
})

test('what nobody has is told without a place', async () => {
  expect((await findings({ steps: lines('true && no-such-tool') })).slice(1)).toEqual([
    `✗ programs: no-such-tool is not on the hook's PATH (${PATH})`,
    '  install no-such-tool, or write its whole path',
  ])
})

test('the commands of the shell itself are no programs, and those of bash are missing in sh', async () => {
  expect(
    (await findings({ steps: lines('cd /; umask 077; [ -d / ]; source x') })).slice(1),
  ).toEqual([
    "✗ programs: source is a command of bash, and the hook's shell is not bash",
    '  "shell": "/bin/bash"',
  ])
  const bash: Step = { kind: 'shell', line: 'shopt -s nullglob; source x', shell: '/bin/bash' }
  expect((await findings({ steps: [bash] })).join()).not.toContain('✗')
})

test('scripts are read for their interpreter, and for whether it is on PATH', async () => {
  const workingDirectory = aDirectory()
  aScript(workingDirectory, 'a', '#!/opt/none/python\n')
  aScript(workingDirectory, 'b', '#!/usr/bin/env python-of-ada\n')
  aScript(workingDirectory, 'c', '#!/bin/sh\r\n')
  aScript(workingDirectory, 'fine', '#!/usr/bin/env sh\n')
  writeFileSync(join(workingDirectory, 'd'), '#!/bin/sh\n')
  const problem = async (name: string) =>
    (await findings({ workingDirectory, steps: [{ kind: 'command', argv: [`./${name}`] }] }))[1]
  expect(await problem('a')).toMatch(/✗ .* asks for \/opt\/none\/python, which does not exist/)
  expect(await problem('b')).toMatch(
    /✗ .* asks for python-of-ada, which is in no directory of PATH/,
  )
  expect(await problem('c')).toMatch(/✗ .* ends with a carriage return/)
  expect(await problem('d')).toMatch(/✗ .* is not executable. Run: chmod \+x/)
  expect(await problem('fine')).toBe('✓ programs: finds ./fine')
})

test('a file that an earlier line may make is only warned of', async () => {
  const workingDirectory = aDirectory()
  const found = await findings({ workingDirectory, steps: lines('true', './made-later') })
  expect(found[1]).toMatch(/^! programs: .*made-later; it may be there once the lines before/)
})

test('a line that the shell cannot read is told, and nothing of it runs', async () => {
  const workingDirectory = aDirectory()
  const found = await findings({ workingDirectory, steps: lines('touch made; if', 'touch too') })
  expect(found[1]).toMatch(
    /^✗ syntax: \/bin\/sh cannot read the line "touch made; if": .*yntax error/,
  )
  expect(
    existsSync(join(workingDirectory, 'made')) || existsSync(join(workingDirectory, 'too')),
  ).toBe(false)
})

test('a shell that is not there is told once', async () => {
  const step: Step = { kind: 'shell', line: 'true', shell: '/opt/none/fish' }
  expect((await findings({ steps: [step, step] })).slice(1)).toEqual([
    '✗ shell: command not found: there is no /opt/none/fish',
    '  correct "shell" in the hooks file',
  ])
})

test('a folder that is not there ends the asking', async () => {
  const found = await findings({ workingDirectory: '/srv/none', steps: lines('no-such-tool') })
  expect(found).toHaveLength(2)
  expect(found[0]).toMatch(/^✗ folder: working directory \/srv\/none does not exist/)
  expect(found[1]).toMatch(/^ {2}install -d -o \S+ \/srv\/none$/)
})

test('a hook that is switched off is not looked at', async () => {
  const hook = { enabled: false, workingDirectory: '/srv/none' }
  expect(await findings(hook)).toEqual(['✓ enabled: is switched off, and not looked at'])
})

// ---- pid files ---------------------------------------------------------------------------------------

function aService(uid?: number) {
  const folder = aDirectory()
  const child = spawn('sleep', ['60'], { stdio: 'ignore', ...(uid === undefined ? {} : { uid }) })
  onTestFinished(() => void child.kill())
  const pidfile = join(folder, 'service.pid')
  writeFileSync(pidfile, `${child.pid}\n`)
  const step: Step = { kind: 'signal', signal: 'SIGHUP', pidfile }
  return { child, pidfile, steps: [step] }
}

test('a process that may be signalled is named, and is not signalled', async () => {
  const { child, steps } = aService()
  expect(await findings({ steps })).toContain(
    `✓ pid-file: HUP would reach process ${child.pid} (sleep 60)`,
  )
  expect(child.exitCode ?? child.signalCode).toBeNull()
})

test('a pid file that is missing or stale is warned of', async () => {
  const { child, pidfile, steps } = aService()
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  expect((await findings({ steps })).at(-1)).toMatch(
    /^! pid-file: pid file .* is stale: there is no/,
  )
  const none: Step = { kind: 'signal', signal: 'SIGHUP', pidfile: `${pidfile}.none` }
  expect((await findings({ steps: [none] })).at(-1)).toMatch(/^! pid-file: there is no pid file/)
})
