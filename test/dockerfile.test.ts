/**
 * There is no container engine to build the image with, so what can be checked without one is: every file
 * that is copied exists, and the command line and the health check that the image names really run.
 */

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { needs } from './needs.ts'
import { aRunhook, MAIN, runhook } from './running.ts'
import { aDirectory } from './some.ts'

const lines = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')

const argumentsOf = (instruction: string): string[] => {
  const line = lines.findLast((text) => text.startsWith(instruction)) ?? ''
  return JSON.parse(line.slice(line.indexOf('[')))
}

test('every file that is copied from here exists, and is not kept out of the build', () => {
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
  const sources = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))
  expect(sources).toContain('package-lock.json')
  for (const source of sources) {
    expect(existsSync(source), source).toBe(true)
    expect(ignored).not.toContain(source.replace(/^\.\//, ''))
  }
})

test('the program it links to is the one that is built', () => {
  const link = lines.find((line) => line.includes('ln -s')) ?? ''
  expect(link).toContain('/app/dist/cli/main.js /usr/local/bin/runhook')
  expect(MAIN.endsWith('/dist/cli/main.js')).toBe(true)
  expect(existsSync(MAIN)).toBe(true)
})

test('it does not run as root, and reaps what commands leave behind', () => {
  expect(lines.findLast((line) => line.startsWith('USER'))).toBe('USER node')
  expect(argumentsOf('ENTRYPOINT')).toEqual(['tini', '--', 'runhook'])
})

needs('curl')('its command line starts a server that its health check finds', async () => {
  const directory = aDirectory()
  const config = join(directory, 'config')
  mkdirSync(config)
  writeFileSync(join(config, 'hooks.json'), '{ "hooks": {} }')
  const args = argumentsOf('CMD').map((argument) =>
    argument.replace(/^\/(config|data)/, join(directory, '$1')),
  )
  expect(args.slice(0, 3)).toEqual(['serve', '--host', '0.0.0.0'])
  const server = await aRunhook({ directory: config, args: args.slice(1).concat('--port', '0') })
  const [program = '', ...rest] = argumentsOf('HEALTHCHECK').map((argument) =>
    argument.replace(':9000', `:${server.port}`),
  )
  expect((await promisify(execFile)(program, rest)).stdout).toBe('ok\n')
  await server.stop()
  await expect(promisify(execFile)(program, rest)).rejects.toThrow()
})

test('every verb that its entry point may be given prints its help', async () => {
  const { stdout, code } = await runhook('.', ['--help'])
  expect(code).toBe(0)
  const verbs = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, verb = '']) => verb)
  expect(verbs).toHaveLength(19)
  for (const verb of verbs) {
    const help = await runhook('.', [verb, '--help'])
    expect(help.code, verb).toBe(0)
    expect(help.stdout).toContain(`Usage: runhook ${verb}`)
  }
})
