/** `match` as a user writes it: places in a delivery, and what is wanted there. See schema.ts. */

import * as v from 'valibot'
import { key, listOf } from './schema-parts.ts'

const valueWords =
  'a value, a list of values or a test; write "octocat", ["octocat", "ada"] or { "exists": true }'

const value = v.union(
  [v.string(valueWords), v.number(valueWords), v.boolean(valueWords), v.null(valueWords)],
  valueWords,
)

const number = v.number('a number')

const test = v.strictObject(
  {
    exists: key('Exists', 'Whether anything is there at all.', v.boolean('true or false')),
    not: key(
      'Not',
      'None of these values. Where nothing is, that holds.',
      listOf(value, valueWords),
    ),
    '>': key('More than', 'A number that is larger.', number),
    '>=': key('At least', 'A number that is as large, or larger.', number),
    '<': key('Less than', 'A number that is smaller.', number),
    '<=': key('At most', 'A number that is as small, or smaller.', number),
  },
  valueWords,
)

const wanted = v.union([value, test], valueWords)

export const match = v.record(
  v.string(),
  listOf(wanted, valueWords),
  'an object of places and values, such as { "payload.sender.login": ["octocat", "ada"] }',
)

export type ScalarWritten = v.InferInput<typeof value>
export type TestWritten = v.InferInput<typeof test>
export type WantedWritten = v.InferInput<typeof wanted>
