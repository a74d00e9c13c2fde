/**
 * Keys of a hook that is called by people and programs, as a user writes them: who may call, and what is
 * answered. See schema-hook.ts.
 */

import * as v from 'valibot'
import { duration, key, listOf, secrets, text } from './schema-parts.ts'

const networkWords = 'a network or a list of them; write "10.0.0.0/8" or "192.168.1.7"'
export const networks = listOf(text(networkWords), networkWords)

const userWords = 'a name for a user; write letters, digits and . _ @ -'

const users = v.record(
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9._@-]{1,64}$/, userWords)),
  secrets,
  `an object of names and passwords, such as { "ada": "\${ADA_PASSWORD}" }`,
)

const statusWords = 'an HTTP status; write a whole number from 200 to 599'

const statusCodes = v.record(
  v.pipe(
    v.string(),
    v.regex(/^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/, 'an exit code; write "0" to "255"'),
  ),
  v.pipe(
    v.number(statusWords),
    v.integer(statusWords),
    v.minValue(200, statusWords),
    v.maxValue(599, statusWords),
  ),
  'an object of exit codes and statuses, such as { "0": 200, "1": 404 }',
)

const responseHeaders = v.record(
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'a name for a header; write "Content-Type"'),
  ),
  v.string('a text'),
  'an object of headers, such as { "Content-Type": "application/json" }',
)

const authWords = '"login", "basic" or "none"; leave "auth" out where there is a secret or a token'

export const accessKeys = {
  auth: key(
    'Authentication',
    'How callers of a plain URL prove who they are, beside "secret" and "token". "login": an account on this server that may run commands. "basic": a password of "users". "none": everybody may call.',
    v.picklist(['none', 'login', 'basic'], authWords),
  ),
  users: key(
    'Users',
    'Who may call with a password (HTTP Basic), by name. A password is written like a secret; a list while it is being replaced.',
    users,
  ),
  'allow-from': key(
    'Allow from',
    'Networks that requests may come from, beside any other proof. Behind a proxy, name that in "server.trusted-proxies".',
    networks,
  ),
}

export const replyKeys = {
  respond: key(
    'Respond',
    'Answer at once ("accepted"), wait and answer with what the command writes ("output"), or send that as it comes ("stream"). Default: "output" for get, else "accepted".',
    v.picklist(['accepted', 'output', 'stream'], '"accepted", "output" or "stream"'),
  ),
  'status-codes': key(
    'Status codes',
    'HTTP status of the answer by exit code of the command. Default: 200 for 0, else 500; 504 when it took too long. With "respond": "output".',
    statusCodes,
  ),
  'response-headers': key(
    'Response headers',
    'Headers of the answer. With a Content-Type the output is sent as it is, whatever the caller accepts.',
    responseHeaders,
  ),
  cache: key(
    'Cache',
    'How long an output also answers others who call with the same inputs; those who come during its run wait for that. "0s": only those. For "get" with "respond": "output".',
    duration,
  ),
  'on-disconnect': key(
    'On disconnect',
    'What becomes of the run when its caller goes away: "continue" or "cancel". Default: "continue".',
    v.picklist(['continue', 'cancel'], '"continue" or "cancel"'),
  ),
}
