/** The API's document: current, complete, well formed, and true of what the server really answers. */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { admitLocal } from '../../src/show/admission.ts'
import { documentText } from '../../src/show/export.ts'
import { aHook, aPush, aTrigger } from '../some.ts'
import { routesOf, table } from './agreement.ts'
import { aDeployed, aFleet, aRollout, aWorker } from './fleet.ts'
import {
  isThing,
  type Json,
  mismatches,
  operationsOf,
  problemsOf,
  resolved,
  type Thing,
  thing,
} from './open-api.ts'
import { serveStrangers } from './strangers.ts'
import { accountsOf, apiOf, aRun, aStep, aStored, aWorld } from './world.ts'

const document: Thing = JSON.parse(await documentText())
const operations = operationsOf(document)

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
const nameOf = ({ method, path }: { method: string; path: string }) =>
  `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`

describe('docs/openapi.json', () => {
  test('is current; if not: npm run schema', async () => {
    expect(readFileSync('docs/openapi.json', 'utf8')).toBe(await documentText())
  })

  test('has every route of the router, each with the role that it needs', () => {
    const told = operations.map((one) => [nameOf(one), one.says.security])
    const agreed = Object.entries(table).map(([route, role]) => [route, [{ token: [role] }]])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(agreed))
    expect(told.map(([name]) => name).sort()).toEqual(routesOf(apiOf(aWorld(), admitLocal)).sort())
  })

  test('is what the server itself tells', async () => {
    const { json, token } = await serveStrangers(aWorld())
    const answer = await json('/openapi.json', { token: await token('viewer') })
    expect(answer).toEqual({ status: 200, json: document })
  })
})

/** What our schemas are made of; draft 7's `definitions` and `additionalItems` mean nothing in 3.1. */
const keywords = [
  ...['$ref', 'type', 'description', 'examples', 'enum', 'const', 'pattern', 'minimum', 'maximum'],
  ...['minItems', 'additionalProperties', 'propertyNames'],
]

describe('by the standard', () => {
  test('it is OpenAPI 3.1 with the parts that this must have, and no others', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    const parameters = operations.flatMap(({ says }) => list(says.parameters).map(thing))
    const bodies = operations.flatMap(({ says }) =>
      says.requestBody ? [thing(says.requestBody)] : [],
    )
    const answers = operations.flatMap(({ says }) => Object.values(thing(says.responses)))
    expect([
      ...problemsOf('document', document),
      ...problemsOf('info', thing(document.info)),
      ...operations.flatMap(({ says }) => problemsOf('operation', says)),
      ...parameters.flatMap((one) => problemsOf('parameter', one)),
      ...bodies.flatMap((one) => problemsOf('requestBody', one)),
      ...answers.flatMap((one) => problemsOf('response', resolved(document, one))),
    ]).toEqual([])
  })

  test('every reference leads somewhere, and every name in the components can be one', () => {
    const references: string[] = []
    const visit = (value: Json): void => {
      if (Array.isArray(value)) for (const item of value) visit(item)
      if (!isThing(value)) return
      if (typeof value.$ref === 'string') references.push(value.$ref)
      for (const inner of Object.values(value)) visit(inner)
    }
    visit(document)
    expect(references.length).toBeGreaterThan(100)
    for (const $ref of references) expect(resolved(document, { $ref })).toBeTruthy()
    const names = Object.values(thing(document.components)).flatMap((part) =>
      Object.keys(thing(part)),
    )
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9._-]+$/)
  })

  test('operations have names of their own, and a scheme that the components hold', () => {
    const ids = operations.map(({ says }) => says.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const schemes = Object.keys(thing(thing(document.components).securitySchemes))
    const asked = operations.flatMap(({ says }) =>
      list(says.security).flatMap((one) => Object.keys(thing(one))),
    )
    expect([...new Set(asked)]).toEqual(schemes)
  })

  test('no schema is empty, each is JSON Schema 2020-12, and what is required is described', () => {
    const empty: string[] = []
    const visit = (value: Json | undefined, at: string): void => {
      const { properties, required, items, prefixItems, anyOf, oneOf, ...rest } = thing(value)
      if (Object.keys(thing(value)).length === 0 || Array.isArray(items)) empty.push(at)
      const strange = Object.keys(rest).filter((keyword) => !keywords.includes(keyword))
      empty.push(...strange.map((keyword) => `${at}: ${keyword}`))
      for (const name of list(required))
        if (!(String(name) in thing(properties))) empty.push(`${at}.${name}`)
      for (const [name, inner] of Object.entries(thing(properties))) visit(inner, `${at}.${name}`)
      for (const inner of [...list(anyOf), ...list(oneOf), ...list(prefixItems)]) visit(inner, at)
      for (const inner of [items, rest.additionalProperties])
        if (isThing(inner)) visit(inner, `${at}[]`)
    }
    const components = thing(thing(document.components).schemas)
    for (const [name, schema] of Object.entries(components)) visit(schema, name)
    for (const { says, ...one } of operations) {
      for (const parameter of list(says.parameters)) visit(thing(parameter).schema, nameOf(one))
      for (const answer of Object.values(thing(says.responses))) {
        const json = thing(thing(resolved(document, answer).content)['application/json'])
        if ('schema' in json) visit(json.schema, nameOf(one))
      }
    }
    expect(empty).toEqual([])
  })

  test('every name in a path is a parameter of it', () => {
    for (const { path, says } of operations) {
      const written = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const told = list(says.parameters)
        .map(thing)
        .filter((one) => one.in === 'path')
      expect(told.map((one) => [one.name, one.required])).toEqual(written.map((one) => [one, true]))
    }
  })
})

describe('held against the server', () => {
  async function aFullWorld() {
    const world = aWorld()
    world.runs.push(aRun({ reason: 'exit code 3', signal: 'SIGTERM', inputs: { scope: 'all' } }))
    world.steps.set(142, [aStep(), aStep({ number: 2, finishedAt: null, outputTo: null })])
    const check = { rule: 'repo', result: 'fail' as const, wanted: 'a', found: 'b', says: 'no' }
    const verdicts = [
      { hook: 'deploy-site', update: 0, matched: true, checks: [check], run: 142 },
      { hook: 'other', update: 0, matched: false, checks: [check], run: null },
    ]
    const stored = { verdicts, updates: [aPush(), aPush('x', { files: null })] }
    world.deliveries.push(aStored({ ...stored, duplicateOf: 3 }), aStored({ ...stored, id: 142 }))
    const input = {
      name: 'scope',
      type: 'choice' as const,
      description: null,
      required: true,
      maxLength: 9,
    }
    world.hooks.push(
      aHook({
        triggers: [aTrigger({ branches: ['main'], types: ['opened'] })],
        inputs: [{ ...input, default: 'a', options: ['a', 'b'] }],
        match: [{ place: 'payload.a', path: ['payload', 'a'], wishes: [{ is: 1 }], wants: '1' }],
        tokens: [{ name: 'T', value: 'x' }],
        env: { A: 'b' },
        steps: [
          { kind: 'shell', line: 'true', shell: '/bin/sh' },
          { kind: 'command', argv: ['df', '-h'] },
          { kind: 'signal', signal: 'HUP', pidfile: '/run/x.pid' },
        ],
      }),
      aHook({ name: 'plain', concurrency: { group: null, cancelInProgress: true, queue: 'max' } }),
    )
    const started = async () => aRun({ id: 143, status: 'queued' })
    const redelivered = { delivery: aStored({ ...stored, id: 143, duplicateOf: 142 }), runs: [] }
    world.control = {
      cancel: async () => 'stopping',
      rerun: started,
      trigger: started,
      redeliver: async () => ({ ...redelivered, runs: [await started()] }),
    }
    const refused = { method: 'POST', path: '/x', address: '::1', status: 404, reason: 'nothing' }
    world.refusals.push({ ...refused, count: 2, firstAt: Date.now(), lastAt: Date.now() })
    const worker = aWorker({ name: 'deploy-site', state: 'lost' })
    world.fleet = aFleet({ workers: [worker], deployed: [aDeployed()], rollouts: [aRollout()] })
    const strangers = await serveStrangers(world)
    const token = await strangers.token('admin')
    await strangers.token('viewer', { name: 'ci', expiresAt: Date.now() + 60_000 })
    const { users, sessions } = accountsOf(world)
    const user = await users.create({ name: 'deploy-site', role: 'viewer', createdBy: 'ada' })
    const at = Date.now()
    const session = { userId: user.id, at, address: '::1', userAgent: 'x' }
    for (let n = 1; n <= 142; n += 1) {
      await sessions.create({ ...session, hash: Buffer.from(`session ${n}`) })
    }
    return { ...strangers, admin: token }
  }

  const parameters: Record<string, string> = { id: '142', name: 'deploy-site', which: 'ci' }
  const bodies: Record<string, string> = {
    'POST /tokens': '{"name":"new","role":"viewer","expires":"90d"}',
    'POST /users': '{"name":"grace","role":"viewer"}',
    'POST /users/:name/role': '{"role":"operator"}',
    'POST /users/:name/password': '{"password":"correct horse battery"}',
    'POST /hooks/:name/trigger': '{"inputs":{"scope":"a"}}',
    'POST /deliveries/:id/redeliver': '{"dryRun":false}',
  }
  const filled = (path: string) => path.replace(/\{(\w+)\}/g, (_, name) => parameters[name] ?? name)

  test.each(operations.map((one) => ({ ...one, name: nameOf(one) })))(
    '$name answers as it says there, and with nothing that is not there',
    async ({ method, path, name, says }) => {
      const { call, admin } = await aFullWorld()
      const calling = { method: method.toUpperCase(), token: admin, body: bodies[name] ?? '' }
      const { status, headers, text } = await call(filled(path), calling)
      const answer = resolved(document, thing(says.responses)[String(status)])
      const [type = ''] = Object.keys(thing(answer.content))
      expect([status < 300, String(headers['content-type']).split(';')[0]]).toEqual([
        ...[true, type.split(';')[0]],
      ])
      const media = thing(thing(answer.content)[type])
      if (!('schema' in media)) return
      expect(mismatches(document, media.schema, JSON.parse(text))).toEqual([])
    },
  )

  test.each(operations.map((one) => ({ ...one, name: nameOf(one) })))(
    '$name reads the parameters that stand there, and no others',
    async ({ method, path, says }) => {
      const { json, admin } = await aFullWorld()
      const calling = { method: method.toUpperCase(), token: admin }
      const { json: answer } = await json(`${filled(path)}?nope=1`, calling)
      const told = list(says.parameters)
        .map(thing)
        .filter((one) => one.in === 'query')
      const names = told.map((one) => one.name).join(', ') || 'none'
      expect(answer.error.message).toBe(`Unknown parameter "nope"; allowed: ${names}.`)
      expect(mismatches(document, { $ref: '#/components/schemas/Failure' }, answer)).toEqual([])
    },
  )
})
