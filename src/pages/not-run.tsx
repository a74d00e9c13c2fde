/** The steps that a run did not come to: what a failure kept from being done is as much news as what was done. */

import type { Run, StepRecord } from '../model/run.ts'
import { titleOf } from '../run/conclusion.ts'
import { hasEnded } from '../show/watch.ts'
import { Icon } from './icons.tsx'
import { hookNamed, type PagesParts } from './parts.ts'
import { Plain } from './visible.tsx'

interface Props {
  readonly run: Run
  readonly steps: readonly StepRecord[]
  readonly parts: PagesParts
}

/** Nothing where the hook has been written anew: of a text that is gone nobody knows its steps. */
export function StepsNotRun({ run, steps, parts }: Props) {
  const hook = hookNamed(parts, run.hook)
  if (!hasEnded(run) || steps.length === 0 || hook?.config !== run.config) return null
  const rest = hook.steps.slice(steps.filter(({ phase }) => phase === 'run').length)
  if (rest.length === 0) return null
  return (
    <ul class="log-rest" data-key="not-run" aria-label="Steps that were not run">
      {rest.map((step) => (
        <li>
          <Icon name="cancelled" />
          <span class="title">
            <Plain text={step.name ?? titleOf(step)} />
          </span>
          <span>not run</span>
        </li>
      ))}
    </ul>
  )
}
