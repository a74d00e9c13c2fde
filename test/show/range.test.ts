/** Parts of a run's output: `Range` as RFC 9110 means it, `from`, and what a live run says. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rangeOf } from '../../src/show/range.ts'
import { serveStrangers } from './strangers.ts'
import { aRun, aWorld } from './world.ts'

test.each<[string | undefined, number, ReturnType<typeof rangeOf>]>([
  ['bytes=0-3', 10, { from: 0, to: 4 }],
  ['bytes=4-', 10, { from: 4, to: 10 }],
  ['bytes=-3', 10, { from: 7, to: 10 }],
  ['bytes=-99', 10, { from: 0, to: 10 }],
  ['bytes=8-99', 10, { from: 8, to: 10 }],
  ['bytes=9-9', 10, { from: 9, to: 10 }],
  ['bytes=10-', 10, 'none'],
  ['bytes=99-100', 10, 'none'],
  ['bytes=-0', 10, 'none'],
  ['bytes=0-', 0, 'none'],
  ['bytes=-1', 0, 'none'],
  ['bytes=99999999999999999999-', 10, 'none'],
  ['bytes=5-4', 10, null],
  ['bytes=-', 10, null],
  ['bytes=', 10, null],
  ['bytes=0-1,4-5', 10, null],
  ['bytes=a-b', 10, null],
  ['bytes=1.5-2', 10, null],
  ['bytes = 0-1', 10, null],
  ['lines=0-1', 10, null],
  ['', 10, null],
  [undefined, 10, null],
])('%s of %d bytes', (header, size, part) => {
  expect(rangeOf(header, size)).toEqual(part)
})

test('whatever is asked for, no byte beyond the output is promised', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.option(fc.nat(25)), fc.option(fc.nat(25)), (size, a, b) => {
      const part = rangeOf(`bytes=${a ?? ''}-${b ?? ''}`, size)
      if (part === null || part === 'none') return
      expect(part.from).toBeGreaterThanOrEqual(0)
      expect(part.to).toBeGreaterThan(part.from)
      expect(part.to).toBeLessThanOrEqual(size)
    }),
  )
})

describe('output', () => {
  async function withOutput(status: 'success' | 'running' | 'queued' = 'success') {
    const world = aWorld()
    world.runs.push(aRun({ status }))
    if (status !== 'queued') await world.wrote(142, '0123456789')
    const { call, token } = await serveStrangers(world)
    const value = await token('viewer')
    return async (headers: Record<string, string> = {}, path = '', method = 'GET') => {
      const calling = { method, headers, token: value }
      const { status, headers: given, text } = await call(`/runs/142/output${path}`, calling)
      const names = ['content-range', 'content-length', 'x-runhook-status']
      return [status, text, ...names.map((name) => given[name] ?? null), given['accept-ranges']]
    }
  }

  test('of a run that has ended, a part says of how many bytes it is one', async () => {
    const output = await withOutput()
    expect(await output()).toEqual([200, '0123456789', null, '10', 'success', 'bytes'])
    expect(await output({ range: 'bytes=2-4' })).toEqual([
      ...[206, '234', 'bytes 2-4/10', '3', 'success', 'bytes'],
    ])
    expect(await output({ range: 'bytes=7-' })).toEqual([
      ...[206, '789', 'bytes 7-9/10', '3', 'success', 'bytes'],
    ])
    expect(await output({ range: 'bytes=-1' })).toEqual([
      ...[206, '9', 'bytes 9-9/10', '1', 'success', 'bytes'],
    ])
    expect(await output({}, '?from=6')).toEqual([200, '6789', null, '4', 'success', 'bytes'])
    expect(await output({}, '?from=99')).toEqual([200, '', null, '0', 'success', 'bytes'])
  })

  test('of a run that goes on, nobody knows how many there will be', async () => {
    const output = await withOutput('running')
    expect(await output({ range: 'bytes=8-99' })).toEqual([
      ...[206, '89', 'bytes 8-9/*', '2', 'running', 'bytes'],
    ])
    expect(await output({ range: 'bytes=10-' })).toEqual([
      416,
      '{"error":{"code":"invalid","message":"The output of run #142 has 10 bytes by now; more may come.","hint":null}}',
      ...['bytes */10', '111', 'running', 'bytes'],
    ])
  })

  test('of a run that waits there is none yet', async () => {
    const output = await withOutput('queued')
    expect(await output()).toEqual([200, '', null, '0', 'queued', 'bytes'])
    expect((await output({ range: 'bytes=0-' })).slice(0, 3)).toEqual([
      416,
      '{"error":{"code":"invalid","message":"The output of run #142 has 0 bytes by now; more may come.","hint":null}}',
      'bytes */0',
    ])
  })

  test('beyond the end there is nothing, and the answer says where that is', async () => {
    const output = await withOutput()
    expect((await output({ range: 'bytes=10-12' })).slice(0, 3)).toEqual([
      416,
      '{"error":{"code":"invalid","message":"The output of run #142 has 10 bytes.","hint":null}}',
      'bytes */10',
    ])
  })

  test('a range that is not understood, or that depends on something, gives the whole', async () => {
    const output = await withOutput()
    const whole = [200, '0123456789', null, '10', 'success', 'bytes']
    expect(await output({ range: 'bytes=0-1,5-6' })).toEqual(whole)
    expect(await output({ range: 'bytes=0-1', 'if-range': '"x"' })).toEqual(whole)
    expect(await output({ range: 'bytes=0-1' }, '', 'HEAD')).toEqual([200, '', ...whole.slice(2)])
  })

  test.each(['?from=2', '?follow=true', '?from=2&follow=true'])(
    'a range together with %s is refused',
    async (path) => {
      const output = await withOutput()
      expect((await output({ range: 'bytes=0-1' }, path)).slice(0, 2)).toEqual([
        400,
        '{"error":{"code":"usage","message":"Range cannot be asked for together with from or follow.","hint":null}}',
      ])
    },
  )

  test('a follower is told what state he found, and gets the rest as it comes', async () => {
    const output = await withOutput()
    expect((await output({}, '?follow=true&from=8')).slice(0, 2)).toEqual([200, '89'])
  })
})

test('parts of a long output join to the whole, bytes that are no text included', async () => {
  const world = aWorld()
  world.runs.push(aRun())
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 256))
  await world.wrote(142, bytes)
  const { call, token } = await serveStrangers(world)
  const value = await token('viewer')
  const parts: Buffer[] = []
  for (let from = 0; from < bytes.length; from += 70_001) {
    const headers = { range: `bytes=${from}-${from + 70_000}` }
    parts.push((await call('/runs/142/output', { headers, token: value })).bytes)
  }
  expect(Buffer.concat(parts).equals(bytes)).toBe(true)
})
