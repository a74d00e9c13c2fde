/** Why each hook did, or did not, answer: rule by rule, with what was wanted and what was found. */

import { failuresOf } from '../hooks/verdict.ts'
import type { Check, CheckResult, Update, Verdict } from '../model/delivery.ts'
import { runBefore } from '../record/repeats.ts'
import { adviceFor } from './advice.ts'
import { Icon } from './icons.tsx'
import { BASE, hookAt } from './parts.ts'
import { RunBefore, type RunsBefore } from './repeat.tsx'
import { Plain } from './visible.tsx'

interface Judged {
  readonly verdicts: readonly Verdict[]
  readonly updates: readonly Update[]
  /** Nothing was started: a hook that matched would run. */
  readonly wouldRun: boolean
  readonly before: RunsBefore
}

export function VerdictList({ verdicts, updates, wouldRun, before }: Judged) {
  if (verdicts.length === 0) return <p class="dim">No hook was asked.</p>
  return (
    <ul class="verdicts">
      {verdicts.map((verdict) => {
        const update = updates.length > 1 ? updates[verdict.update] : undefined
        const ref = update?.tag ?? update?.branch
        const failures = failuresOf(verdict)
        return (
          <li class={`card verdict ${verdict.matched ? 's-success' : 's-cancelled'}`}>
            <h3>
              <a href={hookAt(verdict.hook)}>
                <Plain text={verdict.hook} />
              </a>
              {ref == null ? null : (
                <span class="ref">
                  <Plain text={ref} />
                </span>
              )}
              <Outcome verdict={verdict} wouldRun={wouldRun} />
            </h3>
            <ul class="checks">
              {verdict.checks.map((check) => (
                <CheckRow check={check} before={before} last={check === failures.at(-1)} />
              ))}
            </ul>
          </li>
        )
      })}
    </ul>
  )
}

function Outcome({ verdict, wouldRun }: { verdict: Verdict; wouldRun: boolean }) {
  if (verdict.run !== null) {
    return (
      <a class="outcome s-success" href={`${BASE}/runs/${verdict.run}`}>
        <Icon name="arrow" /> run #{verdict.run}
      </a>
    )
  }
  if (wouldRun && verdict.matched) {
    return (
      <span class="outcome s-success">
        <Icon name="arrow" /> would run
      </span>
    )
  }
  if (wouldRun) return <span class="outcome s-cancelled">would not run</span>
  const held = failuresOf(verdict).length > 0
  return <span class="outcome s-cancelled">{held ? 'did not run' : 'started nothing'}</span>
}

const looks: Readonly<
  Record<CheckResult, { icon: 'success' | 'failure' | 'question'; word: string }>
> = {
  pass: { icon: 'success', word: 'holds' },
  fail: { icon: 'failure', word: 'does not hold' },
  unknown: { icon: 'question', word: 'cannot be known' },
}

interface CheckProps {
  readonly check: Check
  readonly before: RunsBefore
  /** What is to be done about several that failed stands beneath the last. */
  readonly last: boolean
}

function CheckRow({ check, before, last }: CheckProps) {
  const { icon, word } = looks[check.result]
  const failed = check.result === 'fail'
  const advice = last ? adviceFor(check) : null
  const ran = runBefore(check)
  return (
    <li class={`check c-${check.result}`}>
      <Icon name={icon} />
      <span class="unseen">{word}: </span>
      <b>{check.rule}</b>
      <span class="says">
        <Plain text={check.says} />
      </span>
      {failed && check.wanted !== '' ? (
        <dl class="wanted">
          <dt>wanted</dt>
          <dd>
            <Plain text={check.wanted} />
          </dd>
          <dt>found</dt>
          <dd>
            <Plain text={check.found === '' ? 'nothing' : check.found} />
          </dd>
        </dl>
      ) : null}
      {advice === null ? null : (
        <p class="advice">
          {ran === null ? null : <RunBefore id={ran} run={before.get(ran)} />}
          {advice}
        </p>
      )}
    </li>
  )
}
