import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Headers, Host } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'

const SECRET = 'a secret of sixteen bytes or more'
const secrets = [{ name: 'SITE_SECRET', value: SECRET }]
const body = Buffer.from('{"ref":"refs/heads/main","note":"größer"}')

const hmac = (key: string | Buffer, bytes: Buffer | string, algorithm = 'sha256') =>
  createHmac(algorithm, key).update(bytes)
const hex = (bytes: Buffer | string = body, key = SECRET) => hmac(key, bytes).digest('hex')
const good = `sha256=${hex()}`

async function accepted(
  host: Host,
  headers: Headers,
  bytes = body,
  keys = secrets,
  now = Date.now(),
) {
  if (host.refuse(headers)) return false
  return (await host.verify(headers, bytes, keys, now)).ok
}

/** Everything that is not the one right signature. */
const forms: Record<string, Headers[string]> = {
  missing: undefined,
  empty: '',
  'prefix only': 'sha256=',
  'no prefix': hex(),
  'upper-case hex': `sha256=${hex().toUpperCase()}`,
  'upper-case prefix': `SHA256=${hex()}`,
  'sha1, labelled so': `sha1=${hmac(SECRET, body, 'sha1').digest('hex')}`,
  'sha1, labelled sha256': `sha256=${hmac(SECRET, body, 'sha1').digest('hex')}`,
  'sha512, labelled so': `sha512=${hmac(SECRET, body, 'sha512').digest('hex')}`,
  'sha512, labelled sha256': `sha256=${hmac(SECRET, body, 'sha512').digest('hex')}`,
  truncated: good.slice(0, -1),
  'truncated to half': good.slice(0, 40),
  extended: `${good}0`,
  'garbage tail': `${good}zz`,
  'leading space': ` ${good}`,
  'trailing space': `${good} `,
  newline: `${good}\n`,
  'sent twice, both good': `${good}, ${good}`,
  'sent twice, bad then good': `sha256=${'0'.repeat(64)}, ${good}`,
  'sent twice, as a list': [good, good],
  base64: `sha256=${hmac(SECRET, body).digest('base64')}`,
  zeros: `sha256=${'0'.repeat(64)}`,
  'empty secret': `sha256=${hex(body, '')}`,
  'empty body': `sha256=${hex('')}`,
  'body and newline': `sha256=${hex(`${body}\n`)}`,
  're-serialised body': `sha256=${hex(JSON.stringify(JSON.parse(body.toString()), null, 2))}`,
  'plain SHA-256': `sha256=${createHash('sha256').update(body).digest('hex')}`,
  'full-width digit': good.replace(/[0-9](?=[^0-9]*$)/, '\uff11'),
  'one megabyte': `sha256=${'a'.repeat(1024 * 1024)}`,
  "another hook's secret": `sha256=${hex(body, 'the secret of another hook')}`,
}

const byHeader = [
  { host: hostOf('github'), header: 'x-hub-signature-256' },
  { host: hostOf('bitbucket'), header: 'x-hub-signature' },
  { host: hostOf('bitbucket-dc'), header: 'x-hub-signature' },
  { host: hostOf('webhook'), header: 'x-hub-signature-256' },
]

describe.each(byHeader)('a $host.name delivery', ({ host, header }) => {
  test('with the right signature is accepted, and says by which secret', async () => {
    const proof = await host.verify({ [header]: good }, body, secrets, Date.now())
    expect(host.refuse({ [header]: good })).toBeNull()
    expect(proof).toEqual({ ok: true, by: 'secret 1 of 1' })
  })

  test.each(Object.entries(forms))(
    'with a signature that is %s is refused',
    async (_name, value) => {
      expect(await accepted(host, { [header]: value })).toBe(false)
    },
  )

  test('with any one character changed is refused', async () => {
    for (let at = 0; at < good.length; at++) {
      for (const other of ['0', 'f', 'A', ' ']) {
        const flipped = good.slice(0, at) + other + good.slice(at + 1)
        if (flipped !== good) expect(await accepted(host, { [header]: flipped })).toBe(false)
      }
    }
  })

  test('with any one byte of the body changed is refused', async () => {
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(await accepted(host, { [header]: good }, changed)).toBe(false)
    }
  })

  test('is verified over its bytes: empty, not UTF-8, or with a byte-order mark', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0xff, 0xfe, 0]), Buffer.from('\ufeff{}')]) {
      const signature = `sha256=${hmac(SECRET, bytes).digest('hex')}`
      expect(await accepted(host, { [header]: signature }, bytes)).toBe(true)
      expect(await accepted(host, { [header]: good }, bytes)).toBe(false)
    }
  })

  test('is accepted with the old secret and the new one while they are rotated', async () => {
    const rotating = [{ name: 'NEW', value: 'the new secret, long enough' }, ...secrets]
    const proof = await host.verify({ [header]: good }, body, rotating, Date.now())
    expect(proof).toEqual({ ok: true, by: 'secret 2 of 2' })
  })

  test('is refused when no secret is left to compare with', async () => {
    expect(await accepted(host, { [header]: good }, body, [])).toBe(false)
  })

  test('with a random signature is refused, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 90 }), async (value) => {
        expect(await accepted(host, { [header]: value })).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

test('GitHub: the older SHA-1 header alone is refused, and the operator is told so', () => {
  const reason = hostOf('github').refuse({ 'x-hub-signature': 'sha1=126f2c80' })
  expect(reason).toBe('only the older SHA-1 X-Hub-Signature was sent, which is not accepted')
})

test.each([
  [undefined, 'no X-Hub-Signature-256 header: the webhook has no secret configured'],
  ['sha256=', 'X-Hub-Signature-256 is empty'],
  [`${good}, ${good}`, 'X-Hub-Signature-256 was sent more than once'],
  ['sha1=126f', 'X-Hub-Signature-256 is sha1…, not sha256='],
  [good.toUpperCase(), 'X-Hub-Signature-256 is not lower-case hex'],
  ['yo', 'X-Hub-Signature-256 does not begin with sha256='],
  ['sha256=yo', 'X-Hub-Signature-256 is not sha256= and 64 hex digits (9 characters)'],
])('the operator reads why %s was refused', (value, reason) => {
  expect(hostOf('github').refuse({ 'x-hub-signature-256': value })).toBe(reason)
})

test('the operator is told of white space around a secret, never the secret', async () => {
  const spaced = [{ name: 'SITE_SECRET', value: `${SECRET}\n` }]
  const proof = await hostOf('github').verify({ 'x-hub-signature-256': good }, body, spaced, 0)
  expect(proof).toEqual({
    ok: false,
    reason:
      'signature matches no secret (tried SITE_SECRET); SITE_SECRET begins or ends with white space',
  })
})

describe('a call signed by Standard Webhooks', () => {
  const host = hostOf('webhook')
  const now = 1_700_000_000_000
  const key = Buffer.from('0123456789abcdef0123456789abcdef')
  const whsec = [{ name: 'OPS_SECRET', value: `whsec_${key.toString('base64')}` }]

  function signed(changes: Record<string, string> = {}, at = now / 1000, bytes = body): Headers {
    const id = 'msg_1'
    const mac = hmac(key, Buffer.concat([Buffer.from(`${id}.${at}.`), bytes])).digest('base64')
    return {
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': `v1,${mac}`,
      ...changes,
    }
  }

  test('is accepted', async () => {
    expect(await accepted(host, signed(), body, whsec, now)).toBe(true)
  })

  test('is accepted with an empty body', async () => {
    const empty = Buffer.alloc(0)
    expect(await accepted(host, signed({}, now / 1000, empty), empty, whsec, now)).toBe(true)
  })

  test('is accepted when one of several signatures is right', async () => {
    const list = `v1,${'A'.repeat(43)}= ${signed()['webhook-signature']} v1a,xyz`
    expect(await accepted(host, signed({ 'webhook-signature': list }), body, whsec, now)).toBe(true)
  })

  test.each([
    { 'webhook-id': '' },
    { 'webhook-id': 'msg_2' },
    { 'webhook-id': 'msg_1.1' },
    { 'webhook-timestamp': 'hello' },
    { 'webhook-timestamp': '1700000000abc' },
    { 'webhook-timestamp': '' },
    { 'webhook-signature': '' },
    { 'webhook-signature': 'v1,' },
    { 'webhook-signature': 'v1,g0hM9' },
    { 'webhook-signature': `v1,${'A'.repeat(43)}=` },
    { 'webhook-signature': String(signed()['webhook-signature']).replace('v1,', 'v2,') },
  ])('is refused with %j', async (changes) => {
    const headers = signed(changes as Record<string, string>)
    expect(await accepted(host, headers, body, whsec, now)).toBe(false)
  })

  test('is refused 5 minutes late or early, and both clocks are named', async () => {
    for (const seconds of [-301, 301]) {
      const headers = signed({}, now / 1000 + seconds)
      expect(await accepted(host, headers, body, whsec, now)).toBe(false)
    }
    const proof = await host.verify(signed({}, now / 1000 - 301), body, whsec, now)
    expect(proof).toEqual({
      ok: false,
      reason:
        "signed at 2023-11-14T22:08:19.000Z by the sender's clock, ours says 2023-11-14T22:13:20.000Z: over 5 minutes apart",
    })
  })

  test('with a bad signature is not rescued by a good one of the short form', async () => {
    const headers = {
      ...signed({ 'webhook-signature': `v1,${'A'.repeat(43)}=` }),
      'x-hub-signature-256': `sha256=${hmac(whsec[0]?.value ?? '', body).digest('hex')}`,
    }
    expect(await accepted(host, headers, body, whsec, now)).toBe(false)
  })
})
