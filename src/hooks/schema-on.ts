/**
 * What starts a hook, as a user writes it: an event, a list of events, or events with filters, in the
 * words of GitHub Actions. See schema.ts.
 */

import * as v from 'valibot'
import { key, listOf, text } from './schema-parts.ts'

const patternWords = 'a pattern or a list of patterns; write "main" or ["main", "release/**"]'
export const patterns = listOf(v.string(patternWords), patternWords)
const filterWords = 'an object of filters such as { "branches": ["main"] }'

export const filters = v.strictObject(
  {
    branches: key(
      'Branches',
      "Only these branches, in GitHub's filter patterns: * stops at /, ** does not, ! takes back, the last match wins. For a pull request: the branch it goes into.",
      patterns,
    ),
    'branches-ignore': key('Branches to ignore', 'Every branch but these.', patterns),
    tags: key('Tags', 'Only these tags. With "branches" alone, tags do not match.', patterns),
    'tags-ignore': key('Tags to ignore', 'Every tag but these.', patterns),
    paths: key(
      'Paths',
      'Only when a changed file matches. Where the host gives no list of files, it counts as matched.',
      patterns,
    ),
    'paths-ignore': key('Paths to ignore', 'Only when a changed file is none of these.', patterns),
    types: key(
      'Types',
      'Only these actions, such as "published" or "opened".',
      listOf(text('an action such as "opened"'), 'an action or a list of actions'),
    ),
  },
  filterWords,
)

const inputTypes = ['string', 'number', 'boolean', 'choice'] as const

const lengthWords = 'a number of characters; write a whole number from 1 to 65536'

const input = v.strictObject(
  {
    type: key(
      'Type',
      'Default: "choice" with options, else "string". Numbers are whole numbers.',
      v.picklist(inputTypes, '"string", "number", "boolean" or "choice"'),
    ),
    description: key('Description', 'What to give, for the form.', v.string('a text')),
    required: key(
      'Required',
      'Whether a value must be given. Default: false.',
      v.boolean('true or false'),
    ),
    default: key(
      'Default',
      'The value when none is given.',
      v.union(
        [v.string('a text'), v.number('a number'), v.boolean('true or false')],
        'a text, a number, true or false',
      ),
    ),
    options: key('Options', 'The values of a choice.', v.array(text('a text'), 'a list of texts')),
    'max-length': key(
      'Longest value',
      'In characters. Default: 1024; 65536 where the hook is only started by hand.',
      v.pipe(
        v.number(lengthWords),
        v.integer(lengthWords),
        v.minValue(1, lengthWords),
        v.maxValue(65536, lengthWords),
      ),
    ),
  },
  'an object such as { "type": "string" }',
)

/** Of what is called: by a person, or at a URL. */
const called = v.strictObject(
  {
    inputs: key(
      'Inputs',
      'Values that whoever starts the hook may give. The command finds each as $INPUT_NAME; no others are taken.',
      v.record(
        v.pipe(
          v.string(),
          v.regex(
            /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/,
            'a name for an input; write letters, digits, "_" and "-"',
          ),
        ),
        v.nullable(input),
        'an object of inputs by name',
      ),
    ),
  },
  'an object such as { "inputs": { "scope": { "options": ["all", "some"] } } }',
)

export type InputWritten = v.InferInput<typeof input>
export type FiltersWritten = v.InferInput<typeof filters>

function event(title: string, description: string) {
  return key(title, description, v.nullable(filters))
}

const events = v.objectWithRest(
  {
    push: event('Push', 'Commits or tags were pushed.'),
    tag: event('Tag', 'A tag was pushed.'),
    pull_request: event('Pull request', 'Default types: opened, synchronize, reopened.'),
    release: event('Release', 'A release was published, edited, …'),
    workflow_run: event('Workflow run', 'A GitHub Actions workflow was requested or completed.'),
    deployment: event('Deployment', 'A deployment was created at the host.'),
    create: event('Create', 'A branch or tag was created.'),
    delete: event('Delete', 'A branch or tag was deleted.'),
    ping: event('Ping', 'GitHub tries out a new webhook.'),
    any: event('Any', 'Whatever the host sends, but pings.'),
    manual: key(
      'Manual',
      'A person starts it: command line, API or signed request.',
      v.nullable(called),
    ),
    workflow_dispatch: key('Manual', "GitHub Actions' word for manual.", v.nullable(called)),
    get: key(
      'GET',
      'The URL was called with GET. Inputs are the fields of the query.',
      v.nullable(called),
    ),
    post: key(
      'POST',
      'The URL was called with POST. Inputs are the fields of a form, or of {"inputs": {…}}.',
      v.nullable(called),
    ),
  },
  v.nullable(filters),
  'an object of events',
)

const onWords =
  'an event, a list of events or an object of events; write { "push": { "branches": ["main"] } }'
const eventName = text('an event such as "push"')

export const on = v.union([eventName, v.array(eventName, onWords), events], onWords)
