/**
 * Keys of a fleet, as a user writes them: of the server, what it is to the others; of a hook, where it runs.
 * See schema.ts.
 */

import * as v from 'valibot'
import { duration, hookName, key, listOf, parallel, secret, secrets } from './schema-parts.ts'

/** Of workers and labels. Not "..", which no address could lead to. */
export const nameSyntax = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

const nameWords = 'a name for a worker; write up to 63 letters, digits and . _ -, such as "web-1"'
const labelWords = 'a label; write up to 63 letters, digits and . _ -, such as "web"'
const label = v.pipe(v.string(labelWords), v.regex(nameSyntax, labelWords))

const hashWords =
  '"any" or a list of hashes, each of 64 hex digits, as "runhook check --hashes" prints them'
const hash = v.pipe(v.string(hashWords), v.regex(/^[0-9a-f]{64}$/, hashWords))
const allowWords = `a list of hooks or an object of hooks and hashes; write ["blog"] or { "blog": "any" }`
const allowedHook = v.regex<string, string>(
  hookName,
  'a name of a hook; write lower-case letters, digits and "-"',
)

/** Also the text of a file of its own, see allow.ts. */
export const allow = v.union(
  [
    v.array(v.pipe(v.string(allowWords), allowedHook), allowWords),
    v.record(
      v.pipe(v.string(), allowedHook),
      v.union([v.literal('any', hashWords), v.array(hash, hashWords)], hashWords),
      allowWords,
    ),
  ],
  allowWords,
)

export const fleetKeys = {
  database: key(
    'Database',
    `A PostgreSQL server that several servers and workers share: "postgres://user:password@host/name", best as "\${DATABASE_URL}". Without it everything is kept in the data folder, by this server alone.`,
    secret,
  ),
  name: key(
    'Worker name',
    'What this worker is called; no two that live share a name. Default: the machine\'s name. Needs "database".',
    v.pipe(v.string(nameWords), v.regex(nameSyntax, nameWords)),
  ),
  labels: key(
    'Labels',
    'What hooks may ask for by "runs-on". Default: ["default"]. Needs "database".',
    listOf(label, 'a label or a list of them; write "web" or ["web", "eu"]'),
  ),
  lease: key(
    'Lease',
    'After so long without a sign of life from a worker its runs are taken to be over; it ends them itself before that. From 10s to 10m. Default: 30s. Needs "database".',
    duration,
  ),
  allow: key(
    'Allow',
    'Hooks that this worker ever runs: a list of names, or an object that holds for each "any" or the hashes that "runhook check --hashes" prints. Default: all of its hooks file. Needs "database".',
    allow,
  ),
  seal: key(
    'Seal',
    'A secret of all servers and workers, which seals each run: a row that somebody else wrote into the database starts nothing. A list while it is being replaced, the new one first. Needs "database".',
    secrets,
  ),
}

const everyWords = 'an object such as { "every": "web" }'
const runsOnWords = 'a label or { "every": … }; write "web" or { "every": "web" }'

const strategy = v.strictObject(
  {
    'max-parallel': key(
      'Parallel workers',
      'On so many workers at the same time. Default: on all.',
      parallel,
    ),
    'fail-fast': key(
      'Fail fast',
      'After the first worker on which it failed it starts on no other; where it runs already, it runs on. Default: true beside "max-parallel", else false.',
      v.boolean('true or false'),
    ),
  },
  'an object such as { "max-parallel": 1 }',
)

export const placementKeys = {
  'runs-on': key(
    'Runs on',
    'The label of the workers that may run it: "web" is any one of them, { "every": "web" } each. Default: "default". Needs "database" of "server".',
    v.union([label, v.strictObject({ every: everyLabel() }, everyWords)], runsOnWords),
  ),
  'catch-up': key(
    'Catch up',
    'With "every": a worker that was away, or is new, runs the newest one when it comes. Default: false.',
    v.boolean('true or false'),
  ),
  strategy: key(
    'Strategy',
    'With "every": on how many workers at a time, and whether the first failure stops the rest.',
    strategy,
  ),
}

function everyLabel() {
  return v.pipe(label, v.title('Every'), v.description('Each worker that has this label.'))
}

export type AllowWritten = v.InferInput<typeof allow>
