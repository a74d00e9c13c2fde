import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formsOf } from '../../src/record/forms.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { Redactor } from '../../src/record/redact.ts'
import { aDirectory } from '../some.ts'

const SECRET = 'p@ss/w0rd "with" all+sorts & ümlauts?'

/** What is stored when the output comes in these pieces. */
function redacted(
  secrets: readonly string[],
  pieces: readonly (string | Uint8Array)[],
  redactor = Redactor.of(secrets),
): Buffer {
  const stored: Buffer[] = []
  const redaction = redactor?.stream((bytes) => stored.push(Buffer.from(bytes)))
  for (const piece of pieces) redaction?.write(Buffer.from(piece))
  redaction?.settle()
  return Buffer.concat(stored)
}

/** The same, slowly: every byte that any form of any secret covers is hidden. */
function reference(secrets: readonly string[], output: Buffer): Buffer {
  const hidden = new Uint8Array(output.length)
  for (const form of secrets.flatMap(formsOf)) {
    for (let at = output.indexOf(form); at >= 0; at = output.indexOf(form, at + 1))
      hidden.fill(1, at, at + form.length)
  }
  const parts: Buffer[] = []
  for (let at = 0; at < output.length; at += 1) {
    if (hidden[at] === 0) parts.push(output.subarray(at, at + 1))
    else if (at === 0 || hidden[at - 1] === 0) parts.push(Buffer.from('***'))
  }
  return Buffer.concat(parts)
}

function cutInto(output: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(output.subarray(at, at + size))
    at += size
  }
  return [...pieces, output.subarray(at)]
}

const before = 'curl -u admin:'
const forms: readonly [string, string][] = [
  ['as it is', SECRET],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in base64 behind one byte', Buffer.from(`:${SECRET}`).toString('base64')],
  ['in base64 behind a name', Buffer.from(`ab${SECRET}`).toString('base64')],
  ['in base64 before a new line', Buffer.from(`${SECRET}\n`).toString('base64')],
  ['in base64url', Buffer.from(SECRET).toString('base64url')],
  ['in hex', Buffer.from(SECRET).toString('hex')],
  ['in upper-case hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ['in a URL', encodeURIComponent(SECRET)],
  [
    'in a URL, lower-case',
    encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
  ],
  ['in a form', new URLSearchParams({ it: SECRET }).toString().slice(3)],
  ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['in JSON of ASCII', JSON.stringify(SECRET).slice(1, -1).replace('ü', '\\u00fc')],
  ['in JSON that escapes slashes', JSON.stringify(SECRET).slice(1, -1).replace('/', '\\/')],
]

test.each(forms)('a secret %s is hidden, wherever the output is cut', (_, form) => {
  const output = Buffer.from(`${before}${form} https://example.com\n`)
  const whole = redacted([SECRET], [output])
  const text = whole.toString()
  expect(text).toMatch(/^curl -u admin:.{0,4}\*\*\*.{0,4} https:\/\/example\.com\n$/)
  for (let cut = 0; cut <= output.length; cut += 1) {
    const pieces = [output.subarray(0, cut), output.subarray(cut)]
    expect(redacted([SECRET], pieces)).toEqual(whole)
  }
  const bytes = Array.from(output, (byte) => Uint8Array.of(byte))
  expect(redacted([SECRET], bytes)).toEqual(whole)
})

test('however an output is cut, what is stored is the same, and hides every secret in it', () => {
  // Few letters, so that secrets overlap, repeat and begin like one another.
  const letters = fc.constantFrom('a', 'b', 'ä', '\n')
  const secret = fc.string({ unit: letters, minLength: 8, maxLength: 14 })
  const secrets = fc.array(secret, { minLength: 1, maxLength: 4 })
  const outputs = secrets.chain((some) => {
    const piece = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...some) },
      { weight: 2, arbitrary: fc.constantFrom(...some.flatMap(formsOf)) },
      { weight: 1, arbitrary: fc.constantFrom(...some).map((whole) => whole.slice(0, -1)) },
      { weight: 2, arbitrary: fc.string({ unit: letters, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    )
    const output = fc
      .array(piece, { maxLength: 6 })
      .map((pieces) => Buffer.concat(pieces.map((one) => Buffer.from(one))))
    return fc.record({ secrets: fc.constant(some), output })
  })
  const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 12 })
  fc.assert(
    fc.property(outputs, sizes, ({ secrets, output }, sizes) => {
      const expected = reference(secrets, output)
      const redactor = Redactor.of(secrets)
      expect(redacted(secrets, [output], redactor).equals(expected)).toBe(true)
      expect(redacted(secrets, cutInto(output, sizes), redactor).equals(expected)).toBe(true)
    }),
    { numRuns: 20_000 },
  )
})

test('nothing is held back but what may be the beginning of a secret', () => {
  const stored: string[] = []
  const out = (bytes: Uint8Array) => stored.push(Buffer.from(bytes).toString())
  const redaction = Redactor.of(['correct horse battery'])?.stream(out)
  redaction?.write(Buffer.from('Continue? [y/n] '))
  expect(stored.join('')).toBe('Continue? [y/n] ')
  redaction?.write(Buffer.from('the corr'))
  expect(stored.join('')).toBe('Continue? [y/n] the ')
  redaction?.write(Buffer.from('upt file'))
  expect(stored.join('')).toBe('Continue? [y/n] the corrupt file')
  redaction?.write(Buffer.from(' is correct horse'))
  redaction?.settle()
  expect(stored.join('')).toBe('Continue? [y/n] the corrupt file is correct horse')
})

test('of a key in several lines each line is hidden too, but not the words around it', () => {
  const lines = Array.from({ length: 3 }, () => randomBytes(48).toString('base64'))
  const key = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
  const indented = `key: |\n  ${key.replaceAll('\n', '\r\n  ')}`
  const text = redacted([key], [indented]).toString()
  expect(text).toContain('-----BEGIN PRIVATE KEY-----\r\n  ***\r\n  ***')
  for (const line of lines) expect(text).not.toContain(line)
  expect(redacted([key], [`<${key}>`]).toString()).toBe('<***>')
  expect(redacted([key], [JSON.stringify({ key })]).toString()).toBe('{"key":"***"}')
})

test('base64 and hex that a tool has broken into lines are hidden', () => {
  const secret = randomBytes(45).toString('hex')
  const wrap = (text: string, width: number) => text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  const base64 = Buffer.from(`${secret}\n`).toString('base64')
  for (const width of [76, 64]) {
    const lines = wrap(base64, width)
    const text = redacted([secret], [lines.join('\n')]).toString()
    for (const line of lines) expect(text).not.toContain(line.slice(0, -4))
  }
  const hex = wrap(Buffer.from(secret).toString('hex'), 60)
  expect(redacted([secret], [hex.join('\n')]).toString()).toBe('***\n***\n***')
})

test('what is shorter than eight bytes is no secret, and without secrets there is nothing to do', () => {
  expect(Redactor.of([])).toBeNull()
  expect(Redactor.of(['', 'true', '1234567'])).toBeNull()
  expect(redacted(['7654321', '12345678'], ['7654321 12345678']).toString()).toBe('7654321 ***')
})

test('secrets side by side, or one within another, leave one mark', () => {
  expect(redacted(['abcdefgh', 'efghijkl'], ['<abcdefghijkl>']).toString()).toBe('<***>')
  expect(redacted(['abcdefgh'], ['abcdefgh', 'abcdefgh']).toString()).toBe('***')
  expect(redacted(['abcdefgh', 'xabcdefghx'], ['xabcdefghx abcdefgh']).toString()).toBe('*** ***')
})

test('a text is redacted as a whole', () => {
  expect(Redactor.of([SECRET])?.text(`step 1 (echo ${SECRET}) failed`)).toBe(
    'step 1 (echo ***) failed',
  )
})

test('what is stored and counted is what is left, and sections begin where they are found again', async () => {
  const redactor = () => Redactor.of([SECRET])
  const log = new FileOutputLog(join(aDirectory(), 'output'), { redactor })
  const writer = log.open(1)
  writer.write(Buffer.from(`one ${SECRET}`))
  writer.settle()
  expect(writer.written).toBe(7)
  writer.write(Buffer.from(SECRET.slice(0, 5)))
  expect(writer.written).toBe(7)
  writer.settle()
  expect(writer.written).toBe(12)
  writer.write(Buffer.from(SECRET.slice(5)))
  const { bytes, cut } = await writer.close()
  const stored = Buffer.from(await log.read(1, 0, 1e6)).toString()
  expect(stored).toBe(`one ***${SECRET}`)
  expect({ bytes, cut }).toEqual({ bytes: Buffer.byteLength(stored), cut: 0 })
})
