/** Where a hook runs: `runs-on`, `catch-up` and `strategy`. All of it needs a fleet to mean anything. */

import { DEFAULT_LABEL, type Hook, type Placement } from '../model/hook.ts'
import type { FileDraft, HookDraft } from './draft.ts'

/** Of a hook that says nothing of it. */
export const anywhere: Placement = {
  label: DEFAULT_LABEL,
  every: false,
  catchUp: false,
  maxParallel: null,
  failFast: false,
}

const keys = ['runs-on', 'catch-up', 'strategy'] as const

export function readPlacement(
  draft: HookDraft,
  file: FileDraft,
  respond: Hook['respond'],
): Placement {
  const { written } = draft
  const runsOn = written['runs-on'] ?? DEFAULT_LABEL
  const every = typeof runsOn === 'object'
  const { 'max-parallel': maxParallel = null, 'fail-fast': failFast } = written.strategy ?? {}
  if (file.report.given(['server', 'database'])) checkEvery(draft, every, respond)
  else checkAlone(draft)
  return {
    label: typeof runsOn === 'object' ? runsOn.every : runsOn,
    every,
    catchUp: written['catch-up'] ?? false,
    maxParallel,
    failFast: failFast ?? maxParallel !== null,
  }
}

function checkAlone({ path, report, given }: HookDraft): void {
  for (const key of keys)
    if (given(key))
      report.error(
        [...path, key],
        'needs a fleet, and this server is alone: every hook runs right here',
        {
          at: 'key',
          hint: `add "database": "\${DATABASE_URL}" to "server", or take "${key}" away`,
        },
      )
}

function checkEvery(
  { written, path, report, given }: HookDraft,
  every: boolean,
  respond: Hook['respond'],
): void {
  const misread = given('runs-on') && written['runs-on'] === undefined // then it may be what was meant
  for (const key of ['catch-up', 'strategy'] as const)
    if (given(key) && !every && !misread)
      report.error([...path, key], `is for runs on every worker of a label: ${instead[key]}`, {
        at: 'key',
        hint: 'write "runs-on": { "every": "web" }',
      })
  if (!every) return
  if (respond !== 'accepted' && written.respond === undefined)
    report.error(
      [...path, 'runs-on'],
      'would answer GET with an output, and there is one of each worker; add "respond": "accepted"',
      { at: 'key' },
    )
  else if (respond !== 'accepted')
    report.error(
      [...path, 'respond'],
      `${JSON.stringify(respond)} cannot stand beside "every": there is an output of each worker, and one answer`,
    )
}

const instead = {
  'catch-up': 'a run for any one of them waits until there is one',
  strategy: 'a run for any one of them is one run',
} as const
