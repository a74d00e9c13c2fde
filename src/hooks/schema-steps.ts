/**
 * What a hook runs, as a user writes it: lines and steps, and what follows when they fail. See schema.ts.
 * A step is one object here and not a union, for then a mistake in it is named and not "no option fits";
 * what its keys mean together is judged in steps.ts.
 */

import * as v from 'valibot'
import { duration, key, listOf, text } from './schema-parts.ts'

const signalWords = 'a signal; write "HUP", "USR1", "USR2", "TERM" or "INT"'
const stepWords =
  'a shell line or a step; write "git pull" or { "signal": "HUP", "pidfile": "/run/app.pid" }'

const step = v.strictObject(
  {
    run: key('Run', 'A shell line.', text('a shell line such as "git pull"')),
    command: key(
      'Command',
      'A program and its arguments, without a shell. An argument may be "{{ branch }}" and the like.',
      argv(),
    ),
    signal: key(
      'Signal',
      'Sent to a process, such as "HUP" to reload gunicorn.',
      v.pipe(
        v.string(signalWords),
        v.regex(/^(SIG)?(HUP|INT|QUIT|KILL|USR1|USR2|TERM|CONT|WINCH|TTIN|TTOU)$/, signalWords),
      ),
    ),
    pidfile: key(
      'Pid file',
      'Holds the id of the process that "signal" is for. Relative to the working directory.',
      text('a path'),
    ),
    name: key('Name', 'What the step is called in logs.', text('a name such as "Migrate"')),
    timeout: key(
      'Timeout',
      "Longest time this step may take. Default: what is left of the hook's.",
      duration,
    ),
    'continue-on-error': key(
      'Continue on error',
      'When the step fails it is shown so, and the run goes on and can succeed. Default: false.',
      v.boolean('true or false'),
    ),
  },
  stepWords,
)

/** A program and its arguments. */
export function argv() {
  return v.pipe(
    v.array(v.string('a text'), 'a list such as ["df", "-h"]'),
    v.minLength(1, 'a program and its arguments; write ["df", "-h"]'),
  )
}

export const steps = listOf(v.union([text(stepWords), step], stepWords), stepWords)

const times = 'a number of attempts; write a whole number from 1 to 10'
const onWords = '"failure", "timed_out" or "interrupted", or a list of them'

export const retry = v.strictObject(
  {
    times: v.pipe(
      v.number(times),
      v.integer(times),
      v.minValue(1, times),
      v.maxValue(10, times),
      v.title('Times'),
      v.description('Attempts after the first, at most.'),
    ),
    delay: key(
      'Delay',
      'Before the first of them; doubled for each that follows, up to an hour. Default: 10s.',
      duration,
    ),
    on: key(
      'On',
      'How a run must have ended. Default: ["failure", "timed_out"]. "interrupted": the server went away or was stopped under it.',
      listOf(v.picklist(['failure', 'timed_out', 'interrupted'], onWords), onWords),
    ),
  },
  'an object such as { "times": 3, "delay": "10s" }',
)

export type StepWritten = v.InferInput<typeof step>
export type StepsWritten = v.InferInput<typeof steps>
