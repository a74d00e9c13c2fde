import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { genericHost } from '../../src/hosts/generic.ts'
import type { Headers } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import { BODY, NOW, type Scheme, SECRET, schemes } from './schemes.ts'

const named = (...values: string[]) =>
  values.map((value, index) => ({ name: `SECRET_${index + 1}`, value }))

async function accepted(
  { host, header, secret, beside }: Scheme,
  value: Headers[string],
  { body = BODY, secrets = named(secret), now = NOW, more = {} } = {},
): Promise<boolean> {
  const headers = { ...beside, [header]: value, ...more }
  if (host.refuse(headers)) return false
  return (await host.verify(headers, body, secrets, now)).ok
}

const proofOf = (scheme: Scheme, body = BODY) => scheme.prefix + scheme.digest(body, scheme.secret)

/** Everything that is not the one right proof; what a scheme cannot be given wrong is left out. */
function formsOf(scheme: Scheme): [string, Headers[string]][] {
  const { prefix, secret } = scheme
  const digest = scheme.digest(BODY, secret)
  const good = prefix + digest
  const by = (key: string, body = BODY, algorithm?: string) =>
    prefix + scheme.digest(body, key, algorithm)
  const forms: Record<string, Headers[string]> = {
    missing: undefined,
    empty: '',
    'prefix only': prefix === '' ? ' ' : prefix,
    'another prefix': `sha3=${digest}`,
    'no prefix': prefix === '' ? undefined : digest,
    'upper case': good.toUpperCase(),
    'lower case': good.toLowerCase(),
    'by MD5': by(secret, BODY, 'md5'),
    'by SHA-384': by(secret, BODY, 'sha384'),
    'by SHA3': by(secret, BODY, 'sha3-256'),
    'labelled sha1': `sha1=${digest}`,
    'labelled sha512': `sha512=${digest}`,
    truncated: good.slice(0, -1),
    'truncated to half': good.slice(0, good.length / 2),
    extended: `${good}0`,
    'garbage tail': `${good}zz`,
    padded: `${good}=`,
    'leading space': ` ${good}`,
    'trailing space': `${good} `,
    newline: `${good}\n`,
    'NUL at the end': `${good}\0`,
    'sent twice, both good': `${good}, ${good}`,
    'sent twice, bad then good': `${prefix}${'0'.repeat(digest.length)}, ${good}`,
    'sent twice, as a list': [good, good],
    'in hex of hex': prefix + Buffer.from(digest).toString('hex'),
    'in base64 of it': prefix + Buffer.from(digest).toString('base64'),
    zeros: prefix + '0'.repeat(digest.length),
    "another hook's secret": by(`deploy:${SECRET} of another`),
    'empty secret': by('whsec_'.repeat(Number(secret.startsWith('whsec_')))),
    'plain SHA-256 of the body': prefix + createHash('sha256').update(BODY).digest('hex'),
    'full-width digit': good.replace(/[0-9A-Za-z](?=[^0-9A-Za-z]*$)/, '\uff11'),
    'one megabyte': prefix + 'a'.repeat(1024 * 1024),
    ...(scheme.coversBody
      ? {
          'empty body': by(secret, Buffer.alloc(0)),
          'body and newline': by(secret, Buffer.concat([BODY, Buffer.from('\n')])),
          're-serialised body': by(
            secret,
            Buffer.from(JSON.stringify(JSON.parse(BODY.toString()), null, 2)),
          ),
        }
      : {}),
  }
  return Object.entries(forms).filter(([, value]) => value !== good)
}

describe.each(schemes)('$title', (scheme) => {
  const good = proofOf(scheme)

  test('accepts the right proof, and says by which secret', async () => {
    const headers = { ...scheme.beside, [scheme.header]: good }
    expect(scheme.host.refuse(headers)).toBeNull()
    expect(await scheme.host.verify(headers, BODY, named(scheme.secret), NOW)).toEqual({
      ok: true,
      by: 'secret 1 of 1',
    })
  })

  test('accepts none of 28 wrong forms and more, and throws at none', async () => {
    const forms = formsOf(scheme)
    expect(forms.length).toBeGreaterThanOrEqual(28)
    const wrong: string[] = []
    for (const [name, value] of forms) if (await accepted(scheme, value)) wrong.push(name)
    expect(wrong).toEqual([])
  })

  test('accepts no proof with one character changed, left out or added', async () => {
    const wrong: string[] = []
    for (let at = 0; at < good.length; at++) {
      const [before, after] = [good.slice(0, at), good.slice(at + 1)]
      const others = ['0', 'f', 'A', 'a', ' ', ',', '=', '+', '/', '\u00e9'].map(
        (other) => before + other + after,
      )
      for (const value of [...others, before + after, `${before}0${good.slice(at)}`]) {
        if (value !== good && (await accepted(scheme, value))) wrong.push(value)
      }
    }
    expect(wrong).toEqual([])
  })

  test('knows one spelling of a digest: no other last digit says the same bytes', async () => {
    const last = good.replace(/=*$/, '').length - 1
    for (const digit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
      const value = good.slice(0, last) + digit + good.slice(last + 1)
      if (value !== good) expect(await accepted(scheme, value)).toBe(false)
    }
  })

  test('judges bytes: an empty body, one that is not UTF-8, one with a byte-order mark', async () => {
    for (const body of [Buffer.alloc(0), Buffer.from([0xff, 0xfe, 0]), Buffer.from('\ufeff{}')]) {
      expect(await accepted(scheme, proofOf(scheme, body), { body })).toBe(true)
      if (scheme.coversBody) expect(await accepted(scheme, good, { body })).toBe(false)
    }
  })

  test('accepts the old secret and the new one while they are rotated', async () => {
    const other = scheme.secret.startsWith('whsec_')
      ? `whsec_${btoa('x'.repeat(24))}`
      : 'new:secret'
    const secrets = named(other, scheme.secret)
    const headers = { ...scheme.beside, [scheme.header]: good }
    expect(await scheme.host.verify(headers, BODY, secrets, NOW)).toEqual({
      ok: true,
      by: 'secret 2 of 2',
    })
  })

  test('accepts nothing when no secret is left, or an empty one', async () => {
    for (const secrets of [[], named('')]) {
      expect(await accepted(scheme, good, { secrets })).toBe(false)
      expect(await accepted(scheme, scheme.prefix + scheme.digest(BODY, ''), { secrets })).toBe(
        false,
      )
    }
  })

  test('never takes a public key for a key that signs', async () => {
    if (scheme.title.includes('Ed25519') || scheme.title === 'sourcehut') return
    const secret = `whpk_${Buffer.alloc(32, 7).toString('base64')}`
    const forged = scheme.prefix + scheme.digest(BODY, secret)
    expect(await accepted(scheme, forged, { secrets: named(secret) })).toBe(false)
  })

  test('refuses whatever else it is given, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 140 }), async (value) => {
        expect(await accepted(scheme, value)).toBe(false)
        expect(await accepted(scheme, scheme.prefix + value)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})

test.each(schemes.filter(({ coversBody }) => coversBody))(
  '$title refuses a body with one bit changed',
  async (scheme) => {
    const good = proofOf(scheme)
    for (let at = 0; at < BODY.length; at++) {
      const changed = Buffer.from(BODY)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(await accepted(scheme, good, { body: changed })).toBe(false)
    }
  },
)

describe('a time that is signed', () => {
  const timed = schemes.filter(({ beside }) =>
    Object.keys(beside).some((name) => /time/.test(name)),
  )

  test.each(timed)('$title is good for five minutes, either way', async (scheme) => {
    const good = proofOf(scheme)
    for (const minutes of [-5, 0, 5]) {
      expect(await accepted(scheme, good, { now: NOW + minutes * 60_000 })).toBe(true)
    }
    for (const late of [300_001, -300_001, 3_600_000]) {
      expect(await accepted(scheme, good, { now: NOW + late })).toBe(false)
    }
  })

  test.each(timed)('$title: another time, or none, is refused', async (scheme) => {
    const [name = ''] = Object.keys(scheme.beside).filter((header) => /time/.test(header))
    for (const value of ['', 'hello', String(NOW + 1), String(NOW / 1000 + 1), '0', '1e12']) {
      expect(await accepted(scheme, proofOf(scheme), { more: { [name]: value } })).toBe(false)
    }
    const none = await accepted(scheme, proofOf(scheme), { more: { [name]: undefined } })
    expect(none).toBe(false)
  })

  test('names both clocks when it is too far from ours', async () => {
    const scheme = schemes.find(({ title }) => title === "Gitee's signature")
    if (!scheme) throw new Error('no such scheme')
    const headers = { ...scheme.beside, [scheme.header]: proofOf(scheme) }
    expect(await scheme.host.verify(headers, BODY, named(SECRET), NOW + 3_600_000)).toEqual({
      ok: false,
      reason:
        "signed at 2023-11-14T22:13:20.000Z by the sender's clock, ours says 2023-11-14T23:13:20.000Z: over 5 minutes apart",
    })
  })

  test('may be a date, and as far away as the hooks file says', async () => {
    const host = genericHost({
      header: 'x-signature',
      algorithm: 'sha1',
      encoding: 'hex',
      prefix: '',
      timestamp: 'date',
      template: '{body}{timestamp}',
      toleranceMs: 30_000,
    })
    const date = new Date(NOW).toUTCString()
    const mac = createHmac('sha1', SECRET).update(BODY).update(date).digest('hex')
    const headers = { 'x-signature': mac, date }
    expect((await host.verify(headers, BODY, named(SECRET), NOW + 30_000)).ok).toBe(true)
    expect(await host.verify(headers, BODY, named(SECRET), NOW + 31_000)).toMatchObject({
      reason: expect.stringMatching(/: over 30 seconds apart$/),
    })
  })
})

describe('GitLab', () => {
  const host = hostOf('gitlab')
  const signed = schemes.find(({ title }) => title === "GitLab's signing token")
  if (!signed) throw new Error('no such scheme')
  const signature = { ...signed.beside, 'webhook-signature': proofOf(signed) }
  const bad = { ...signature, 'webhook-signature': `v1,${'A'.repeat(43)}=` }
  const both = named(signed.secret, SECRET)
  const verify = (headers: Headers, secrets = both) => host.verify(headers, BODY, secrets, NOW)

  test('a token never rescues a bad signature', async () => {
    expect(await verify({ ...bad, 'x-gitlab-token': SECRET })).toMatchObject({ ok: false })
    expect(await verify({ ...bad, 'x-gitlab-token': SECRET }, named(SECRET))).toEqual({
      ok: false,
      reason: 'signed, but no secret here is a signing token (whsec_…)',
    })
  })

  test('a signing token is never accepted as a token', async () => {
    const headers = { 'x-gitlab-token': signed.secret }
    expect(await verify(headers, named(signed.secret))).toEqual({
      ok: false,
      reason: 'only a token was sent, and the secret here is a signing token',
    })
    expect(await verify(headers)).toMatchObject({ ok: false })
  })

  test('while one replaces the other, each is accepted in its own place', async () => {
    expect(await verify({ ...signature, 'x-gitlab-token': 'whatever' })).toMatchObject({ ok: true })
    expect(await verify({ 'x-gitlab-token': SECRET })).toEqual({ ok: true, by: 'secret 2 of 2' })
  })

  test('without a secret at GitLab the operator reads that', () => {
    expect(host.refuse({})).toBe('no X-Gitlab-Token header: the webhook has no token configured')
    expect(host.refuse({ 'x-gitlab-token': '' })).toBe('X-Gitlab-Token is empty')
  })
})

describe('Gitea, Forgejo and Gogs', () => {
  const form = (value: string) => Buffer.from(`payload=${encodeURIComponent(value)}`)
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const mac = (bytes: Buffer | string) => createHmac('sha256', SECRET).update(bytes).digest('hex')

  test.each(['gitea', 'forgejo', 'gogs'] as const)('%s signs the JSON in a form', async (name) => {
    const host = hostOf(name)
    const json = '{"ref": "a b+c%ü"}'
    const signed = (value: string) => ({ ...type, [`x-${name}-signature`]: value })
    const verify = async (value: string, body = form(json)) =>
      (await host.verify(signed(value), body, named(SECRET), NOW)).ok
    expect(await verify(mac(json))).toBe(true)
    expect(await verify(mac(json), Buffer.from(form(json).toString().replaceAll('%20', '+')))).toBe(
      true,
    )
    expect(await verify(mac(form(json)))).toBe(false)
    expect(await verify(mac(json), Buffer.from(`${form(json)}&payload=x`))).toBe(false)
    expect(await verify(mac(json), Buffer.from(`a=b&${form(json)}`))).toBe(false)
    expect(await verify(mac(json), Buffer.from(`${form(json)}%`))).toBe(false)
    expect(await verify(mac(json), Buffer.from(`${form(json)}%zz`))).toBe(false)
    expect(host.parse(type, form(json))).toEqual({ payload: JSON.parse(json) })
  })

  test('no other header of the many they send counts', async () => {
    const digest = mac(BODY)
    const others = {
      'x-hub-signature-256': `sha256=${digest}`,
      'x-gogs-signature': digest,
      'x-hub-signature': 'sha1=x',
    }
    expect(hostOf('gitea').refuse(others)).toBe('no X-Gitea-Signature header')
    expect(hostOf('gitea').refuse({ ...others, 'x-gitea-signature': '' })).toBe(
      'X-Gitea-Signature is empty: the webhook has no secret configured',
    )
  })

  test('the secret that old releases put into the body is not kept', () => {
    const body = Buffer.from(
      '{"secret": "hunter\\"2", "ref": "x", "note": "\\"secret\\": \\"y\\""}',
    )
    expect(hostOf('gogs').redact?.(body).toString()).toBe(
      '{"secret": "***", "ref": "x", "note": "\\"secret\\": \\"y\\""}',
    )
  })
})

describe('Gitee', () => {
  const host = hostOf('gitee')

  test('password and sign of the body are not kept, and nothing else is changed', () => {
    const body = Buffer.from('{"password":"pwd","sign":"abc=","ref":"\u00e9","empty":""}')
    expect(host.redact?.(body).toString()).toBe(
      '{"password":"***","sign":"***","ref":"\u00e9","empty":""}',
    )
    const bytes = Buffer.from([0xff, 0x00, 0x7b])
    expect(host.redact?.(bytes)).toEqual(bytes)
    const endless = Buffer.from(`"password":"${'\\"'.repeat(1_000_000)}`)
    expect(host.redact?.(endless).toString()).toBe('"password":"***')
  })

  test('a signed pair of time and token is one delivery, whatever body comes with it', () => {
    const headers = { 'x-gitee-timestamp': String(NOW), 'x-gitee-token': `${'A'.repeat(43)}=` }
    const id = host.guid(headers, Buffer.from('{}'), {})
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(host.guid(headers, Buffer.from('{"ref":"x"}'), {})).toBe(id)
    expect(host.guid({ ...headers, 'x-gitee-token': 'a password' }, BODY, {})).toBeNull()
  })
})

describe('a generic HMAC', () => {
  const scheme = {
    header: 'x-signature',
    algorithm: 'sha256',
    encoding: 'hex',
    prefix: '',
    timestamp: null,
    template: '{body}',
    toleranceMs: 300_000,
  } as const
  const mac = (secret: string | Buffer) => createHmac('sha256', secret).update(BODY).digest('hex')

  test('may be a list, as senders give it while they change a secret', async () => {
    const host = genericHost(scheme)
    const verify = async (value: string) =>
      host.refuse({ 'x-signature': value }) === null &&
      (await host.verify({ 'x-signature': value }, BODY, named(SECRET), NOW)).ok
    expect(await verify(`${mac('old secret')},${mac(SECRET)}`)).toBe(true)
    expect(await verify(`${mac('old secret')},${mac('another')}`)).toBe(false)
    expect(await verify(`${mac('x')},`.repeat(8) + mac(SECRET))).toBe(false)
  })

  test('takes a key that is no text as whsec_ and base64', async () => {
    const key = Buffer.alloc(131, 0xaa)
    const secrets = named(`whsec_${key.toString('base64')}`)
    const headers = { 'x-signature': mac(key) }
    expect((await genericHost(scheme).verify(headers, BODY, secrets, NOW)).ok).toBe(true)
  })

  test('looks at its own header and at no other', () => {
    const others = { 'x-hub-signature-256': `sha256=${mac(SECRET)}`, 'webhook-signature': 'v1,x' }
    expect(genericHost(scheme).refuse(others)).toBe('no x-signature header')
  })

  test('knows a call again whose time is signed', () => {
    const host = genericHost({ ...scheme, timestamp: 'x-time', template: '{timestamp}.{body}' })
    const id = (time: string, body = BODY) => host.guid({ 'x-time': time }, body, {})
    expect(id('1700000000')).toBe(id('1700000000'))
    expect(id('1700000000')).not.toBe(id('1700000001'))
    expect(id('1700000000')).not.toBe(id('1700000000', Buffer.from('{}')))
    expect(genericHost(scheme).guid({}, BODY, {})).toBeNull()
  })
})
