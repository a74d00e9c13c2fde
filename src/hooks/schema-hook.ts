/**
 * One hook as a user writes it: every key, its shape and its description. See schema.ts.
 */

import * as v from 'valibot'
import { repositorySyntax, repositoryWords } from './repository.ts'
import { placementKeys } from './schema-fleet.ts'
import { hookKeep } from './schema-keep.ts'
import { match } from './schema-match.ts'
import { on } from './schema-on.ts'
import { duration, env, key, listOf, parallel, secrets, text } from './schema-parts.ts'
import { signature } from './schema-signature.ts'
import { argv, retry, steps } from './schema-steps.ts'
import { terms } from './schema-terms.ts'
import { accessKeys, replyKeys } from './schema-url.ts'

const repo = v.pipe(v.string(repositoryWords), v.regex(repositorySyntax, repositoryWords))

const queueWords = '"single", "max" or a whole number from 1 to 1000'
const kept = v.pipe(
  v.number(queueWords),
  v.integer(queueWords),
  v.minValue(1, queueWords),
  v.maxValue(1000, queueWords),
)

const concurrency = v.strictObject(
  {
    group: key(
      'Group',
      "Runs of one group go one at a time. Default: the hook's name.",
      text('a name for a group'),
    ),
    'cancel-in-progress': key(
      'Cancel in progress',
      'A new run ends the one that is running. Default: false.',
      v.boolean('true or false'),
    ),
    queue: key(
      'Queue',
      'Of the runs that wait for one branch or tag, "single" keeps the newest, a number keeps so many, "max" keeps all, in order. Default: "single".',
      v.union([v.picklist(['single', 'max'], queueWords), kept], queueWords),
    ),
  },
  'an object such as { "group": "deploy" }',
)

const concurrencyWords = 'the name of a group, false, or an object such as { "group": "deploy" }'
const yesOrNo = v.boolean('true or false')

export const hook = v.strictObject(
  {
    repo: key(
      'Repository',
      'Repository, or list of them, whose webhooks start the hook; * in a name matches any. The prefix says how deliveries are signed.',
      listOf(repo, 'a repository or a list of them; write "github:owner/name"'),
    ),
    url: key(
      'URL',
      'Path at which the hook answers. Default: /hooks/NAME.',
      v.string('a path such as "/df"'),
    ),
    on: key(
      'Events',
      'What starts the hook: an event, a list, or events with filters. Default: push with "repo", post with "url".',
      on,
    ),
    match: key(
      'Match',
      'Conditions that must all hold: places such as "payload.sender.login" or "header.x-env", each with a value, a list of values of which one is enough, or a test. * in a text stands for any characters.',
      match,
    ),
    secret: key(
      'Secret',
      'Deliveries must be signed with it; a list while it is being replaced. Needed with "repo" (or the host\'s in "hosts").',
      secrets,
    ),
    signature: key(
      'Signature',
      'How callers of a plain URL sign with "secret", when it is neither Standard Webhooks nor GitHub\'s way: an HMAC in a header.',
      signature,
    ),
    token: key('Token', 'Requests must bring it: "Authorization: Bearer …".', secrets),
    ...accessKeys,
    run: key(
      'Run',
      'A shell line or a list of them, each a step; the first that fails ends the run. Or { "run" }, { "command" } or { "signal", "pidfile" } with "name", "timeout" and "continue-on-error". Values of the delivery are in $HOOK_… variables.',
      steps,
    ),
    command: key(
      'Command',
      'A program and its arguments, without a shell. An argument may be "{{ branch }}" and the like.',
      argv(),
    ),
    'on-failure': key(
      'On failure',
      'Steps as in "run", for when those failed or took too long and no retry follows: a rollback, say. $HOOK_STATUS, $HOOK_FAILED_STEP and $HOOK_LAST_SUCCESS tell them more.',
      steps,
    ),
    'on-success': key(
      'On success',
      'Steps as in "run", for when those succeeded. If one fails, so does the run.',
      steps,
    ),
    retry: key('Retry', 'Tries a run again that ended badly.', retry),
    shell: key('Shell', 'Runs each line of "run" by -e -c. Default: /bin/sh.', text('a program')),
    'working-directory': key(
      'Working directory',
      "Where the command runs. Relative to the hooks file's folder, which is also the default.",
      text('a folder'),
    ),
    env: key(
      'Environment',
      'Variables for the command. A value may be { "file": … } or { "credential": … }, read where the command runs.',
      env,
    ),
    ...terms,
    leftovers: key(
      'Leftovers',
      'What becomes of processes that a step which ended by itself leaves running: "kill" ends them, "keep" lets daemons live. A timeout or a cancel ends all. Default: "kill".',
      v.picklist(['kill', 'keep'], '"kill" or "keep"'),
    ),
    timeout: key(
      'Timeout',
      'Longest time a run may take. Default: 10m, or 30s with "respond": "output".',
      duration,
    ),
    concurrency: key(
      'Concurrency',
      "Runs of one group go one at a time; false lets runs go side by side. Default: a group of the hook's name; false for plain URLs.",
      v.union(
        [text(concurrencyWords), v.literal(false, concurrencyWords), concurrency],
        concurrencyWords,
      ),
    ),
    'max-parallel': key(
      'Parallel runs',
      "Most runs of this hook at the same time, beside the limits of its group and of the server. Default: no limit of the hook's own.",
      parallel,
    ),
    ...placementKeys,
    ...replyKeys,
    replay: key(
      'Replay',
      '"allow" runs a push again whose body came before under another delivery id.',
      v.literal('allow', '"allow"; leave "replay" out to refuse repeated bodies'),
    ),
    'allow-forks': key(
      'Allow forks',
      'Also run for pull requests from forks: code of strangers. Default: false.',
      yesOrNo,
    ),
    'allow-unusual-refs': key(
      'Allow unusual refs',
      'Also run for branches and tags with characters other than A-Z a-z 0-9 _ . / + @ -. Default: false.',
      yesOrNo,
    ),
    keep: key(
      'Keep',
      'How many runs of this hook are kept, and how long. Default: as "keep" of the server says.',
      hookKeep,
    ),
    badge: key(
      'Badge',
      '"public" shows everybody how the last run ended, at /-/badge/NAME.svg. Default: only who is signed in sees it.',
      v.literal('public', '"public"; leave "badge" out to show it only to who is signed in'),
    ),
    enabled: key('Enabled', 'false switches the hook off. Default: true.', yesOrNo),
  },
  'an object such as { "on": "manual", "run": "…" }',
)

export type HookWritten = v.InferInput<typeof hook>
