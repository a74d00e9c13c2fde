/**
 * Every kind of secret has a canary, and commands print all of them in every encoding that tools use.
 * Afterwards none of them is anywhere: not in the database, the outputs, the log or the API.
 */

import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, until } from './some.ts'

/** How the hooks file names a variable. */
const ref = (name: string) => `$\{C_${name}}`
const canary = (name: string) => `canary/${name}+0123456789~"x" y`
const canaries = {
  HOOK: canary('of-the-hook'),
  TOKEN: 'canary/of-a-token+0123456789~',
  HOST: canary('of-the-host'),
  FILE: canary('in-a-file'),
  ENV: canary('in-env'),
  DEFAULT: canary('in-defaults'),
  URL: 'canary-in-a-url-of-env',
  LITERAL: 'canary-in-a-literal-url',
  KEY: ['canary-key-line-one', 'canary-key-line-two'].join('\n'),
}
const hidden = [...Object.values(canaries), ...canaries.KEY.split('\n')]

const encodings: Record<string, (value: string) => string> = {
  raw: (value) => value,
  base64: (value) => Buffer.from(value).toString('base64').replace(/..=*$/, ''),
  'base64 behind one byte': (value) => Buffer.from(`:${value}`).toString('base64').slice(2, -4),
  'base64 behind two bytes': (value) => Buffer.from(`u:${value}`).toString('base64').slice(3, -4),
  base64url: (value) => Buffer.from(value).toString('base64url').replace(/..$/, ''),
  hex: (value) => Buffer.from(value).toString('hex'),
  HEX: (value) => Buffer.from(value).toString('hex').toUpperCase(),
  URL: (value) => encodeURIComponent(value),
  JSON: (value) => JSON.stringify(value).slice(1, -1),
}

/** Prints them all, byte by byte in part, so that they come in pieces. */
const printer = `
  const values = ${JSON.stringify(hidden)}
  for (const value of values) {
    const bytes = Buffer.from(value)
    console.log('raw', value, 'base64', bytes.toString('base64'), 'hex', bytes.toString('hex'))
    console.log(Buffer.from(':' + value).toString('base64'), Buffer.from('u:' + value).toString('base64'))
    console.error(bytes.toString('base64url'), bytes.toString('hex').toUpperCase())
    console.log(encodeURIComponent(value), JSON.stringify({ value }))
    for (const byte of bytes) process.stdout.write(Buffer.of(byte))
    process.stdout.write('\\n')
  }
`

test('no secret is found anywhere after commands have printed them all', async () => {
  const directory = aDirectory()
  writeFileSync(join(directory, 'secret'), canaries.FILE, { mode: 0o600 })
  writeFileSync(join(directory, 'print.mjs'), printer)
  const env = ['HOOK', 'TOKEN', 'HOST', 'ENV', 'DEFAULT', 'URL']
    .map((name) => `C_${name}='${canaries[name as keyof typeof canaries]}'\n`)
    .join('')
  writeFileSync(join(directory, '.env'), `${env}C_KEY="${canaries.KEY}"\n`, { mode: 0o600 })
  const print = `${process.execPath} print.mjs; echo "$PASSWORD $DATABASE_URL $OTHER_URL $SHARED $KEY"`
  const server = await aRunhook({
    directory,
    file: {
      hosts: { github: { secret: ref('HOST') } },
      defaults: { env: { SHARED: ref('DEFAULT') } },
    },
    hooks: {
      site: {
        repo: 'github:acme/site',
        secret: [ref('HOOK'), { file: 'secret' }],
        env: {
          PASSWORD: ref('ENV'),
          KEY: ref('KEY'),
          DATABASE_URL: `postgres://app:${ref('URL')}@db/site`,
          OTHER_URL: `postgres://app:${canaries.LITERAL}@db/site`,
        },
        run: [print, 'echo half; exit 3'],
      },
      // Its reason says where the program was looked for.
      lost: {
        on: 'manual',
        secret: ref('HOOK'),
        env: { PATH: `/nowhere/${ref('URL')}` },
        command: ['no-such-program'],
      },
      show: { url: '/show', on: 'get', token: ref('TOKEN'), run: print },
    },
  })
  const body = aPushBody()
  const good = await server.post('/hooks/site', {
    body,
    headers: asGitHub(body, {}, canaries.HOOK),
  })
  expect(good.status).toBe(202)
  const answers = [good.text, ...(await badProofs(server, body))]
  const shown = await server.post('/show', {
    method: 'GET',
    headers: { authorization: `Bearer ${canaries.TOKEN}` },
  })
  expect(shown.status).toBe(200)
  expect(shown.text).toContain('raw *** base64 ***')
  await server.cli('trigger', 'lost', '--wait')
  await until(async () => !(await server.cli('runs')).stdout.includes('running'), 'the end of all')

  const told: Record<string, string> = { answers: answers.join('\n') + shown.text }
  const commands = [
    ...[['runs'], ['runs', '--json'], ['deliveries'], ['deliveries', '--json']],
    ...[['deliveries', '--refused'], ['check'], ['check', '--json']],
    ...[1, 2, 3].flatMap((id) => [
      ['logs', `${id}`, '--raw'],
      ['logs', `${id}`, '--json'],
      ['logs', `${id}`, '-f', '--json'],
      ['deliveries', `${id}`, '--json'],
    ]),
  ]
  for (const command of commands) {
    const { stdout, stderr } = await server.cli(...command)
    told[command.join(' ')] = stdout + stderr
  }
  expect(told['logs 1 --raw']).toContain('raw *** base64 ***')
  expect(told['logs 3 --json']).toContain('/nowhere/***')
  expect(await server.stop()).toBe(0)
  told.log = server.output()
  for (const path of filesOf(join(directory, '.runhook'))) told[path] = readFileSync(path, 'latin1')

  const found = Object.entries(told).flatMap(([where, text]) =>
    Object.entries(encodings).flatMap(([encoding, encode]) =>
      hidden
        .filter((value) => text.includes(encode(value)))
        .map((value) => [where, encoding, value]),
    ),
  )
  expect(found).toEqual([])
})

/** Wrong, near-miss and misplaced proofs, whose refusals are kept with a reason. */
async function badProofs(server: Running, body: string): Promise<string[]> {
  const wrong = createHmac('sha256', `${canaries.HOOK}\n`).update(body).digest('hex')
  const proofs = [
    { 'x-hub-signature-256': `sha256=${wrong}` },
    { 'x-hub-signature-256': canaries.HOOK },
    { authorization: `Bearer ${canaries.HOST}` },
    { 'x-gitlab-token': canaries.HOOK },
  ]
  const texts: string[] = []
  for (const proof of proofs) {
    const answer = await server.post('/hooks/site', { body, headers: asGitHub(body, proof) })
    expect(answer.status).toBe(401)
    texts.push(answer.text)
  }
  return texts
}

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
