/**
 * Shapes that several keys of the hooks file share: texts, lists, durations, sizes, environments, secrets.
 * A message is the end of a sentence "… is not …; write …", see shape.ts.
 */

import * as v from 'valibot'
import { durationSyntax } from './duration.ts'
import { sizeSyntax } from './size.ts'

/** A key that may be left out, with what editors and the reference of keys say about it. */
export function key<const Schema extends v.GenericSchema>(
  title: string,
  description: string,
  schema: Schema,
) {
  return v.optional(v.pipe(schema, v.title(title), v.description(description)))
}

export function text(words: string) {
  return v.pipe(v.string(words), v.minLength(1, words))
}

/** One, or a list of them. */
export function listOf<const Item extends v.GenericSchema>(item: Item, words: string) {
  return v.union([item, v.array(item, words)], words)
}

const durationWords = 'a duration; write "30s", "10m" or "1h30m"'

export const duration = v.pipe(v.string(durationWords), v.regex(durationSyntax, durationWords))

const parallelWords = 'a number of runs; write a whole number from 1 to 1000'

export const parallel = v.pipe(
  v.number(parallelWords),
  v.integer(parallelWords),
  v.minValue(1, parallelWords),
  v.maxValue(1000, parallelWords),
)

/** What a hook may be called: the name is in its address. */
export const hookName = /^[a-z0-9][a-z0-9-]{0,62}$/

const sizeWords = 'a size; write "512MiB", "1GiB" or "100MB"'

export const size = v.pipe(v.string(sizeWords), v.regex(sizeSyntax, sizeWords))

/** What a value may be instead of a text: the place where that is. */
function held(words: string) {
  return v.strictObject(
    {
      file: key(
        'File',
        "A file that holds it, relative to the hooks file's folder.",
        text('a path'),
      ),
      credential: key(
        'Credential',
        'Name of a systemd credential (LoadCredential=).',
        text('a name'),
      ),
    },
    words,
  )
}

const valueWords = 'a text; write it in "double quotes"'

export const env = v.record(
  v.pipe(
    v.string(),
    v.regex(
      /^[A-Za-z_][A-Za-z0-9_]*$/,
      'a name for a variable; write letters, digits and "_", such as "APP_ENV"',
    ),
  ),
  v.union([v.string(valueWords), held(valueWords)], valueWords),
  'an object of names and texts, such as { "APP_ENV": "production" }',
)

const secretWords = `a secret; write "\${NAME}", { "file": "…" } or { "credential": "…" }`

export const secret = v.union([v.string(secretWords), held(secretWords)], secretWords)

export const secrets = listOf(secret, secretWords)

export type SecretWritten = v.InferInput<typeof secret>
export type SecretsWritten = v.InferInput<typeof secrets>
export type EnvWritten = v.InferInput<typeof env>
