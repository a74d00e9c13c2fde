/** What a person can do about a check that failed. The check says what was wanted and found; this, what next. */

import type { Check } from '../model/delivery.ts'

const FILE = 'in the hooks file'
/** After a change of the file. */
const THEN = 'Dry run shows what it would do then, and Redeliver does it.'

export const byRule: Readonly<Record<string, string>> = {
  signature: `Give the webhook at the host the address of this hook, or leave the hook's own "secret" out ${FILE}.`,
  enabled: `Take "enabled": false out of the hook ${FILE}. ${THEN}`,
  repo: `If this repository is to start the hook, write it into "repo" ${FILE}. ${THEN}`,
  event: `If this event is to start the hook, write it into "on" ${FILE}. ${THEN}`,
  types: `If this action is to start the hook, write it into "types" ${FILE}. ${THEN}`,
  deleted: `If deletions are to start the hook, write "delete" into "on" ${FILE}.`,
  branches: `If this branch or tag is to start the hook, write it into "branches" or "tags" ${FILE}. ${THEN}`,
  'branches-ignore': `If this branch is to start the hook, take the pattern out of "branches-ignore" ${FILE}. ${THEN}`,
  tags: `If this tag is to start the hook, write it into "tags" ${FILE}. ${THEN}`,
  'tags-ignore': `If this tag is to start the hook, take the pattern out of "tags-ignore" ${FILE}. ${THEN}`,
  paths: `If these files are to start the hook, write them into "paths" ${FILE}. ${THEN}`,
  'paths-ignore': `If these files are to start the hook, take the pattern out of "paths-ignore" ${FILE}. ${THEN}`,
  fork: `Whoever has a fork could run code here. Where that is meant, write "allow-forks": true into the hook.`,
  ref: `Name the branch or tag without these characters; where the hook's commands can take them, write "allow-unusual-refs": true into it.`,
  match: `The hook asks for this under "match" ${FILE}. Change it there, or what is sent. ${THEN}`,
  inputs: 'Send the inputs that the hook asks for; its page lists them.',
  'allow-from': `If this address may call, write it into "allow-from" of the hook ${FILE}. ${THEN}`,
  duplicate: 'To run it once more all the same, press Redeliver.',
  replay:
    'To run it once more all the same, press Redeliver; where such repeats are meant, write "replay": "allow" into the hook.',
}

/** Null where there is nothing to be done, as for a ping. */
export function adviceFor({ rule, result, says }: Check): string | null {
  if (result !== 'fail' || says === 'a ping runs nothing') return null
  return byRule[rule] ?? null
}
