/**
 * Keys for the terms on which a command runs: as whom, how nicely, within which limits. See schema-hook.ts.
 */

import * as v from 'valibot'
import { key, size } from './schema-parts.ts'

const userWords = 'a user of this machine; write "deploy"'
const umaskWords = 'a umask; write "0022", "0002" or "0077"'
const niceWords = 'a niceness; write a whole number from -20 to 19'
const countWords = 'a number; write a whole number such as 512'

const count = v.pipe(
  v.number(countWords),
  v.integer(countWords),
  v.minValue(1, countWords),
  v.maxValue(2 ** 22, countWords),
)

const limits = v.strictObject(
  {
    memory: key('Memory', 'Most memory of a run, such as "512MiB".', size),
    pids: key('Processes', 'Most processes and threads of a run at the same time.', count),
    'open-files': key('Open files', 'Most files that each process may have open.', count),
  },
  'an object such as { "memory": "512MiB", "pids": 512 }',
)

/** What `defaults` may hold as well. */
export const terms = {
  user: key(
    'User',
    'Runs the command as this user, with its groups, HOME and shell. runhook must be root for it. Default: the user that runs runhook.',
    v.union(
      [
        v.pipe(v.string(userWords), v.minLength(1, userWords)),
        v.pipe(v.number(userWords), v.integer(userWords), v.minValue(0, userWords)),
      ],
      userWords,
    ),
  ),
  umask: key(
    'Umask',
    'Which rights new files do not get, in octal, such as "0022". Default: as runhook has it.',
    v.pipe(v.string(umaskWords), v.regex(/^0?[0-7]{3}$/, umaskWords)),
  ),
  nice: key(
    'Niceness',
    'Added to the niceness of runhook: 19 lets everything else go first, and less than 0 needs root. Default: 0.',
    v.pipe(
      v.number(niceWords),
      v.integer(niceWords),
      v.minValue(-20, niceWords),
      v.maxValue(19, niceWords),
    ),
  ),
  limits: key(
    'Limits',
    'Most that a run may take: by control group where runhook has one of its own, else by prlimit for each process.',
    limits,
  ),
}

const written = v.strictObject(terms)

export type TermsWritten = v.InferInput<typeof written>
