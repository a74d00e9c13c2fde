/**
 * `signature`: how callers of a plain URL sign, in their own way.
 */

import { describe, expect, test } from 'vitest'
import { cases, hookOf, REF } from './written.ts'

const call = (signature: unknown) => ({ url: '/call', run: 'true', secret: REF, signature })

describe('a signature', () => {
  test('needs no more than the name of its header', async () => {
    expect((await hookOf(call({ header: 'X-Signature' }))).signature).toEqual({
      header: 'x-signature',
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: '',
      timestamp: null,
      template: '{body}',
      toleranceMs: 300_000,
    })
  })

  test('may say everything, as for Slack', async () => {
    const slack = {
      header: 'X-Slack-Signature',
      prefix: 'v0=',
      timestamp: 'X-Slack-Request-Timestamp',
      template: 'v0:{timestamp}:{body}',
      tolerance: '90s',
    }
    expect((await hookOf({ ...call(slack), on: 'manual' })).signature).toEqual({
      header: 'x-slack-signature',
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: 'v0=',
      timestamp: 'x-slack-request-timestamp',
      template: 'v0:{timestamp}:{body}',
      toleranceMs: 90_000,
    })
  })

  test('with a time signs time and body, unless it says otherwise', async () => {
    const hook = await hookOf(call({ header: 'X-Signature', timestamp: 'X-Time' }))
    expect(hook.signature?.template).toBe('{timestamp}.{body}')
  })

  const signature = { header: 'X-Signature' }
  cases([
    [
      'without a header is none',
      call({ algorithm: 'sha1' }),
      'error hooks.a.signature lacks "header"',
    ],
    [
      'has a header that can be one',
      call({ header: 'X Signature' }),
      'error hooks.a.signature.header: "X Signature" is not the name of a header, such as "X-Signature"',
    ],
    [
      'has an algorithm that we know',
      call({ ...signature, algorithm: 'md5' }),
      'error hooks.a.signature.algorithm: "md5" is not "sha1", "sha256" or "sha512"',
    ],
    [
      'has a template with the body in it',
      call({ ...signature, template: '{timestamp}' }),
      'error hooks.a.signature.template: "{timestamp}" is not a text with {body} in it, such as "{timestamp}.{body}"',
    ],
    [
      'has the body in it once',
      call({ ...signature, template: '{body}{body}' }),
      'error hooks.a.signature.template has {body} twice',
    ],
    [
      'has nothing else to fill in',
      call({ ...signature, template: '{id}.{body}' }),
      'error hooks.a.signature.template has {id}; known are {body} and {timestamp}',
    ],
    [
      'says where the time is',
      call({ ...signature, template: '{timestamp}.{body}' }),
      'error hooks.a.signature.template has {timestamp}, but "timestamp" names no header',
    ],
    [
      'signs the time that it names',
      call({ ...signature, timestamp: 'X-Time', template: '{body}' }),
      'error hooks.a.signature.template lacks {timestamp}: a time that is not signed proves nothing',
    ],
    [
      'has a tolerance only for a time',
      call({ ...signature, tolerance: '1m' }),
      'error hooks.a.signature.tolerance needs "timestamp": no time is signed',
    ],
    [
      'leaves some time',
      call({ ...signature, timestamp: 'X-Time', tolerance: '0s' }),
      'error hooks.a.signature.tolerance leaves no time at all; write "5m", say',
    ],
    [
      'needs a secret to sign with',
      { url: '/call', run: 'true', token: REF, signature },
      'error hooks.a.signature needs "secret", the key of the signature',
    ],
    [
      'is not for webhooks of a host',
      { repo: 'github:acme/site', run: 'true', secret: REF, signature },
      'error hooks.a.signature cannot stand beside "repo": the host has its own',
    ],
  ])
})
