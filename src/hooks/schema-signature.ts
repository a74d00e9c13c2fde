/** How callers of a plain URL sign, when they follow no scheme we know, as a user writes it. See schema.ts. */

import * as v from 'valibot'
import { duration, key } from './schema-parts.ts'

const headerWords = 'the name of a header, such as "X-Signature"'
const header = v.pipe(v.string(headerWords), v.regex(/^[A-Za-z0-9_-]{1,64}$/, headerWords))

const prefixWords = 'what stands before the digest, such as "sha256="'
const templateWords = 'a text with {body} in it, such as "{timestamp}.{body}"'

export const signature = v.strictObject(
  {
    header: v.pipe(header, v.title('Header'), v.description('Where the signature stands.')),
    algorithm: key(
      'Algorithm',
      'Of the HMAC. Default: "sha256".',
      v.picklist(['sha1', 'sha256', 'sha512'], '"sha1", "sha256" or "sha512"'),
    ),
    encoding: key(
      'Encoding',
      'Of the digest. Default: "hex", in lower-case letters.',
      v.picklist(['hex', 'base64'], '"hex" or "base64"'),
    ),
    prefix: key(
      'Prefix',
      'What stands before the digest, such as "sha256=". Default: nothing.',
      v.pipe(v.string(prefixWords), v.regex(/^[\x20-\x7e]{0,64}$/, prefixWords)),
    ),
    timestamp: key(
      'Timestamp',
      'The header with the time of sending: Unix seconds or milliseconds, or a date. It must be signed.',
      header,
    ),
    template: key(
      'Template',
      'What is signed. Default: "{body}", with a timestamp "{timestamp}.{body}".',
      v.pipe(v.string(templateWords), v.includes('{body}', templateWords)),
    ),
    tolerance: key(
      'Tolerance',
      'How far the signed time may be from ours, either way. Default: 5m.',
      duration,
    ),
  },
  'an object such as { "header": "X-Signature", "algorithm": "sha256" }',
)
