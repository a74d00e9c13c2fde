import { describe, expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import type { StepRecord } from '../../src/model/run.ts'
import { aHook, aPush, SECRET, sha } from '../some.ts'
import { aRun, aStep, aStored, ask, askJson, aWorld, NOW, serveWorld } from './world.ts'

async function served() {
  const world = aWorld()
  await serveWorld(world)
  return world
}

describe('status and hooks', () => {
  test('status is what the server says of itself', async () => {
    const world = await served()
    world.hooks.push(aHook())
    expect(await askJson(world, '/status')).toEqual({
      status: 200,
      json: {
        version: '0.1.0',
        startedAt: NOW,
        url: 'http://127.0.0.1:9000',
        hooks: 1,
        running: 0,
        waiting: 0,
        maxWaiting: 10_000,
        configProblem: null,
      },
    })
  })

  test('a hook is shown without its secrets and without the values of its environment', async () => {
    const world = await served()
    const tokens = [{ name: 'SITE_TOKEN', value: 'the token itself' }]
    world.hooks.push(aHook({ tokens, env: { DATABASE: 'postgres://ada:hush@db' } }))
    const { json } = await askJson(world, '/hooks')
    expect(json.file).toBe('/srv/runhook/hooks.json')
    expect(json.hooks).toMatchObject([
      {
        name: 'deploy-site',
        repositories: ['github:acme/site'],
        auth: { secrets: ['SITE_SECRET'], tokens: ['SITE_TOKEN'], open: false },
        env: ['DATABASE'],
        path: '/hooks/deploy-site',
      },
    ])
    const text = JSON.stringify(json)
    for (const secret of [SECRET, 'the token itself', 'hush']) expect(text).not.toContain(secret)
  })

  test('an address that does not exist is a 404 in the same form as every other refusal', async () => {
    const world = await served()
    expect(await askJson(world, '/rnus?limit=1')).toEqual({
      status: 404,
      json: {
        error: { code: 'not-found', message: 'There is no GET /api/v1/rnus here.', hint: null },
      },
    })
  })

  test('no answer may be kept, taken for another type, or loaded by pages of other sites', async () => {
    const world = await served()
    world.runs.push(aRun())
    await world.wrote(142, Buffer.from('x'))
    for (const path of ['/status', '/nothing', '/runs/142/output', '/runs/142/events']) {
      const { headers } = await ask(world, path)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
  })
})

describe('lists', () => {
  test('runs come newest first, and "next" leads through all of them once', async () => {
    const world = await served()
    world.runs.push(...[1, 2, 3, 4, 5].map((id) => aRun({ id })))
    const seen: number[] = []
    let path = '/runs?limit=2'
    for (;;) {
      const { json } = await askJson(world, path)
      seen.push(...json.runs.map((run: { id: number }) => run.id))
      if (json.next === null) break
      path = `/runs?limit=2&before=${json.next}`
    }
    expect(seen).toEqual([5, 4, 3, 2, 1])
  })

  test('runs can be asked for by hook, status and delivery', async () => {
    const world = await served()
    world.runs.push(
      aRun({ id: 1, hook: 'other' }),
      aRun({ id: 2, status: 'failure' }),
      aRun({ id: 3, deliveryId: 9 }),
    )
    const ids = async (query: string) =>
      (await askJson(world, `/runs?${query}`)).json.runs.map((run: { id: number }) => run.id)
    expect(await ids('hook=other')).toEqual([1])
    expect(await ids('status=failure')).toEqual([2])
    expect(await ids('delivery=9')).toEqual([3])
    expect(await ids('hook=deploy-site&status=success')).toEqual([3])
  })

  test.each([
    ['/runs?limit=0', 422, 'limit is "0"; allowed is a whole number from 1 to 500.'],
    ['/runs?limit=1e9', 422, 'limit is "1e9"; allowed is a whole number from 1 to 500.'],
    ['/runs?before=', 422, 'before is ""; allowed is a number such as 142.'],
    [
      '/runs?status=failed',
      422,
      'status is "failed"; allowed is one of queued, running, success, failure, timed_out, cancelled, interrupted.',
    ],
    ['/runs?since=soon', 422, expect.stringContaining('since is "soon"; allowed is a day such as')],
    ['/runs?hook=../x', 422, 'hook is "../x"; allowed is the name of a hook.'],
    [
      '/runs?page=2',
      400,
      'Unknown parameter "page"; allowed: hook, status, event, branch, who, since, delivery, worker, before, limit.',
    ],
    ['/runs?limit=1&limit=2', 400, 'limit was given 2 times.'],
    ['/status?x=1', 400, 'Unknown parameter "x"; allowed: none.'],
    ['/runs/abc', 422, 'the run is "abc"; allowed is a number such as 142.'],
    ['/runs/7/output?from=-1', 422, 'from is "-1"; allowed is a number of bytes, 0 or more.'],
    ['/deliveries/0', 422, 'the delivery is "0"; allowed is a number such as 142.'],
    [
      `/runs?hook=${'x'.repeat(500)}`,
      422,
      `hook is "${'x'.repeat(60)}…"; allowed is the name of a hook.`,
    ],
  ])(
    '%s is refused, and the answer names what was found and what is allowed',
    async (path, status, message) => {
      const world = await served()
      const { status: given, json } = await askJson(world, path)
      expect({ status: given, message: json.error.message }).toEqual({ status, message })
    },
  )
})

describe('one run', () => {
  test('a step of which nobody told the end ended as its run did', async () => {
    const world = await served()
    const finishedAt = NOW - 60_000
    world.runs.push(aRun({ id: 142, status: 'interrupted', exitCode: null, finishedAt }))
    const open = { status: null, finishedAt: null, outputTo: null }
    world.steps.set(142, [aStep(), aStep({ number: 2, ...open })])
    const { json } = await askJson(world, '/runs/142')
    const steps = (json as { steps: StepRecord[] }).steps
    expect(steps.map(({ status, finishedAt }) => [status, finishedAt])).toEqual([
      ['success', aStep().finishedAt],
      ['interrupted', finishedAt],
    ])
  })

  test('it is told with its steps and what its delivery said', async () => {
    const world = await served()
    world.runs.push(aRun())
    world.steps.set(142, [aStep()])
    const verdict = { hook: 'deploy-site', update: 0, matched: true, checks: [], run: 142 }
    world.deliveries.push(aStored({ verdicts: [verdict], updates: [aPush()] }))
    const { json } = await askJson(world, '/runs/142')
    expect(json).toEqual({
      run: aRun(),
      waits: null,
      steps: [aStep()],
      delivery: {
        id: 57,
        receivedAt: NOW - 120_000,
        endpoint: '/hooks/deploy-site',
        host: 'github',
        guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        event: 'push',
        action: null,
        repository: 'acme/site',
        sender: 'ada',
        proof: 'secret 1 of 1',
        address: '127.0.0.1',
        duplicateOf: null,
        problem: null,
        updates: [aPush()],
        matched: ['deploy-site'],
        runs: [142],
      },
    })
  })

  test('a run whose delivery is gone is still told', async () => {
    const world = await served()
    world.runs.push(aRun())
    expect((await askJson(world, '/runs/142')).json.delivery).toBeNull()
  })

  test.each(['', '/output', '/events'])(
    'of a run that never was, /runs/7%s is a 404',
    async (rest) => {
      const world = await served()
      expect(await askJson(world, `/runs/7${rest}`)).toEqual({
        status: 404,
        json: { error: { code: 'not-found', message: 'There is no run #7.', hint: null } },
      })
    },
  )

  test('its output comes byte for byte, and only ever as a download', async () => {
    const world = await served()
    world.runs.push(aRun())
    const bytes = Buffer.from([0x3c, 0x62, 0x3e, 0xff, 0x00, 0x1b, 0x0a])
    await world.wrote(142, bytes)
    const whole = await ask(world, '/runs/142/output')
    expect(whole.bytes).toEqual(bytes)
    expect(whole.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="run-142.log"',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
    for (const path of ['/runs/142/output?from=3', '/runs/142/output?from=3&follow=true']) {
      const part = await ask(world, path)
      expect(part.bytes).toEqual(bytes.subarray(3))
      expect(part.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': 'attachment; filename="run-142.log"',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
      })
    }
    expect((await ask(world, '/runs/142/output?from=99')).bytes).toEqual(Buffer.alloc(0))
  })

  test('output of several megabytes comes whole', async () => {
    const world = await served()
    world.runs.push(aRun())
    const bytes = Buffer.alloc(900_000, 'a line of it\n')
    await world.wrote(142, bytes)
    expect((await ask(world, '/runs/142/output')).bytes.equals(bytes)).toBe(true)
  })
})

describe('what one may ask for', () => {
  test('a trigger hands the inputs on as texts, and answers with the run', async () => {
    const world = await served()
    const run = aRun({ id: 143, status: 'queued' })
    world.control = { trigger: async () => run }
    const body = '{"inputs":{"scope":"pages","count":3,"force":true}}'
    expect(await askJson(world, '/hooks/clear-cache/trigger', 'POST', body)).toEqual({
      status: 202,
      json: { run },
    })
    expect(await askJson(world, '/hooks/clear-cache/trigger', 'POST')).toMatchObject({
      status: 202,
    })
    expect(world.asked).toEqual([
      'trigger clear-cache {"scope":"pages","count":"3","force":"true"} by api',
      'trigger clear-cache {} by api',
    ])
  })

  test.each([
    ['{', 400, 'The body is not JSON.', 'Send {"inputs": {"name": "value"}}, or nothing.'],
    [
      '[]',
      400,
      'The body is a list, not an object.',
      'Send {"inputs": {"name": "value"}}, or nothing.',
    ],
    ['{"input":{}}', 400, 'Unknown key "input"; allowed: inputs.', null],
    ['{"inputs":[]}', 422, 'inputs is a list; allowed is an object of names and values.', null],
    [
      '{"inputs":{"scope":null}}',
      422,
      'inputs.scope is null; allowed is text, a number, true or false.',
      null,
    ],
    [
      `{"inputs":{"a":"${'x'.repeat(300_000)}"}}`,
      413,
      'The body is larger than 256 kB, which is the limit.',
      null,
    ],
  ])('a trigger with the body %.40s is refused', async (body, status, message, hint) => {
    const world = await served()
    const answer = await askJson(world, '/hooks/x/trigger', 'POST', body)
    expect(answer).toMatchObject({ status, json: { error: { message, hint } } })
    expect(world.asked).toEqual([])
  })

  test('cancel says whether the run was waiting or is being stopped', async () => {
    const world = await served()
    world.runs.push(aRun({ status: 'running' }))
    world.control = { cancel: async () => 'stopping' }
    expect(await askJson(world, '/runs/142/cancel', 'POST')).toEqual({
      status: 202,
      json: { result: 'stopping', run: aRun({ status: 'running' }) },
    })
  })

  test('a run that has ended cannot be cancelled, and one that never was is not found', async () => {
    const world = await served()
    world.runs.push(aRun())
    world.control = { cancel: async (id) => (id === 142 ? 'ended' : 'unknown') }
    expect(await askJson(world, '/runs/142/cancel', 'POST')).toMatchObject({
      status: 409,
      json: { error: { code: 'conflict', message: 'Run #142 has already ended: success.' } },
    })
    expect(await askJson(world, '/runs/143/cancel', 'POST')).toMatchObject({
      status: 404,
      json: { error: { message: 'There is no run #143.' } },
    })
  })

  test('a refusal of the server keeps its code, its sentence and its hint', async () => {
    const world = await served()
    world.control = {
      rerun: async () => {
        throw new RunhookError('conflict', 'Run 142 is running.', { hint: 'Cancel it first.' })
      },
    }
    expect(await askJson(world, '/runs/142/rerun', 'POST')).toEqual({
      status: 409,
      json: {
        error: { code: 'conflict', message: 'Run 142 is running.', hint: 'Cancel it first.' },
      },
    })
  })

  test('a failure of ours is reported to the log and not told to the caller', async () => {
    const world = await served()
    const failure = new Error('SELECT * FROM run: no such column "secret"')
    world.control = {
      rerun: async () => {
        throw failure
      },
    }
    const { status, json } = await askJson(world, '/runs/142/rerun', 'POST')
    expect({ status, json }).toEqual({
      status: 500,
      json: {
        error: {
          code: 'internal',
          message: 'Something went wrong inside the server.',
          hint: 'Its log says what.',
        },
      },
    })
    expect(world.reported).toEqual([failure])
  })
})

describe('deliveries', () => {
  test('the list has no headers and no bodies, one delivery has its headers and verdicts', async () => {
    const world = await served()
    const check = {
      rule: 'repo',
      result: 'fail' as const,
      wanted: 'a',
      found: 'b',
      says: 'b is not a',
    }
    const verdicts = [{ hook: 'other', update: 0, matched: false, checks: [check], run: null }]
    world.deliveries.push(aStored({ verdicts, body: Buffer.from('{}') }))
    const { json } = await askJson(world, '/deliveries')
    expect(json.next).toBeNull()
    expect(Object.keys(json.deliveries[0])).not.toContain('headers')
    const one = (await askJson(world, '/deliveries/57')).json
    expect(one).toMatchObject({
      headers: { 'x-github-event': 'push' },
      bodyBytes: 2,
      verdicts,
      matched: [],
      runs: [],
    })
    expect(Object.keys(one)).not.toContain('body')
  })

  test('deliveries come a page at a time', async () => {
    const world = await served()
    world.deliveries.push(...[1, 2, 3].map((id) => aStored({ id })))
    const { json } = await askJson(world, '/deliveries?limit=2')
    expect([json.deliveries.map((one: { id: number }) => one.id), json.next]).toEqual([[3, 2], 2])
    const rest = (await askJson(world, '/deliveries?limit=2&before=2')).json
    expect([rest.deliveries.map((one: { id: number }) => one.id), rest.next]).toEqual([[1], null])
  })

  test('deliveries can be asked for by hook, outcome, and what they say', async () => {
    const world = await served()
    world.hooks.push(aHook({ name: 'docs' }))
    const verdict = { hook: 'docs', update: 0, matched: false, checks: [], run: null }
    world.deliveries.push(
      aStored({ id: 1, verdicts: [verdict] }),
      aStored({ id: 2, verdicts: [{ ...verdict, matched: true, run: 4 }] }),
      aStored({ id: 3, problem: 'the body is not JSON', updates: [], endpoint: '/hooks/docs' }),
      aStored({ id: 4, repository: 'acme/docs', updates: [aPush('topic')] }),
    )
    const found = async (query: string) => {
      const { json } = await askJson(world, `/deliveries?${query}`)
      expect(json.next).toBeNull()
      return json.deliveries.map((one: { id: number }) => one.id)
    }
    expect(await found('hook=docs')).toEqual([3, 2, 1])
    expect(await found('hook=docs&outcome=nothing')).toEqual([1])
    expect(await found('outcome=problem')).toEqual([3])
    expect(await found('repository=acme/docs&branch=topic&event=push')).toEqual([4])
    expect(await found(`since=${new Date(NOW + 1).toISOString()}`)).toEqual([])
  })

  test('the body of a delivery comes exactly as it was sent', async () => {
    const world = await served()
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d, 0x0d, 0x0a])
    world.deliveries.push(aStored({ body }))
    const { bytes, headers } = await ask(world, '/deliveries/57/body')
    expect(bytes).toEqual(body)
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="delivery-57.body"',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
    expect((await askJson(world, '/deliveries/58/body')).json.error.message).toBe(
      'There is no delivery #58.',
    )
  })

  test('a commit id in a list is whole', async () => {
    const world = await served()
    world.deliveries.push(aStored())
    const { json } = await askJson(world, '/deliveries')
    expect(json.deliveries[0].updates[0].sha).toBe(sha('a'))
  })
})
