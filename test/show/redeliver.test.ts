import { describe, expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import { aRun, aStored, ask, askJson, aWorld, serveWorld } from './world.ts'

async function served() {
  const world = aWorld()
  await serveWorld(world)
  return world
}

const verdict = { hook: 'deploy-site', update: 0, matched: true, checks: [], run: 143 }

describe('a delivery sent through once more', () => {
  test('is answered 202 with its new number, its verdicts and its runs', async () => {
    const world = await served()
    const delivery = aStored({ id: 60, duplicateOf: 57, verdicts: [verdict] })
    world.control = { redeliver: async () => ({ delivery, runs: [aRun({ id: 143 })] }) }
    const { status, json } = await askJson(world, '/deliveries/57/redeliver', 'POST')
    expect(status).toBe(202)
    expect(json).toMatchObject({
      dryRun: false,
      delivery: { id: 60, duplicateOf: 57, verdicts: [verdict], runs: [143] },
      runs: [{ id: 143 }],
    })
    expect(world.asked).toEqual(['redeliver 57 {"dryRun":false} by api'])
  })

  test('is answered 200 where nothing was started', async () => {
    const world = await served()
    world.control = { redeliver: async () => ({ delivery: aStored(), runs: [] }) }
    const path = '/deliveries/57/redeliver'
    const { status, json } = await askJson(world, path, 'POST', '{"dryRun":true}')
    expect({ status, dryRun: json.dryRun, runs: json.runs }).toEqual({
      status: 200,
      dryRun: true,
      runs: [],
    })
    expect(world.asked).toEqual(['redeliver 57 {"dryRun":true} by api'])
  })

  test.each([
    ['{"dryRun":"yes"}', 422, 'dryRun is a string; allowed is true or false.'],
    ['{"dry":true}', 400, 'Unknown key "dry"; allowed: dryRun.'],
    ['[]', 400, 'The body is a list, not an object.'],
  ])('with %s is refused, and nothing was asked for', async (body, status, message) => {
    const world = await served()
    const { status: given, json } = await askJson(world, '/deliveries/57/redeliver', 'POST', body)
    expect({ status: given, message: json.error.message }).toEqual({ status, message })
    expect(world.asked).toEqual([])
  })

  test('is refused in the words of the server where it cannot be', async () => {
    const world = await served()
    world.control = {
      redeliver: async () => {
        throw new RunhookError('conflict', 'Nothing answers at /x now.')
      },
    }
    expect(await askJson(world, '/deliveries/57/redeliver', 'POST')).toMatchObject({
      status: 409,
      json: { error: { code: 'conflict', message: 'Nothing answers at /x now.' } },
    })
  })
})

test('a delivery tells which came after it with the same id', async () => {
  const world = await served()
  world.deliveries.push(
    aStored(),
    aStored({ id: 58 }),
    ...[59, 60].map((id) => aStored({ id, duplicateOf: 57 })),
  )
  expect((await askJson(world, '/deliveries/57')).json.repeatedBy).toEqual([60, 59])
  expect((await askJson(world, '/deliveries/58')).json.repeatedBy).toEqual([])
})

describe('refusals', () => {
  const refusal = {
    method: 'POST',
    path: '/hooks/site',
    address: '203.0.113.7',
    status: 401,
    reason: 'no X-Hub-Signature-256 header: the webhook has no secret configured',
    count: 3,
    firstAt: Date.now() - 60_000,
    lastAt: Date.now() - 1000,
  }

  test('are those of the last day, unless more days are asked for', async () => {
    const world = await served()
    const old = { ...refusal, path: '/old', lastAt: Date.now() - 30 * 60 * 60 * 1000 }
    world.refusals.push(refusal, old)
    const day = (await askJson(world, '/refusals')).json
    expect(day).toEqual({
      since: expect.any(Number),
      total: 3,
      refusals: [{ ...refusal, advice: null }],
    })
    expect(Date.now() - day.since).toBeLessThan(24 * 60 * 60 * 1000 + 5000)
    expect((await askJson(world, '/refusals?days=2&limit=1')).json).toMatchObject({
      total: 6,
      refusals: [{ path: '/hooks/site' }],
    })
  })

  test.each(['days=15', 'days=0', 'limit=501'])('with %s are not told', async (query) => {
    expect((await ask(await served(), `/refusals?${query}`)).status).toBe(422)
  })
})
