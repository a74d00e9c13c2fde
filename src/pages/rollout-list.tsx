/** Rollouts on pages of something else: those of a hook, of all workers, and the one that a run is part of. */

import type { Run } from '../model/run.ts'
import type { Rollout } from '../postgres/contract.ts'
import { statusOfRollout, summaryOf } from '../show/rollout-words.ts'
import { Icon } from './icons.tsx'
import { BASE, hookAt, type PagesParts } from './parts.ts'
import { ByWorker, Track } from './rollout.tsx'
import { Status } from './status.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'
import { waitsForWorkers } from './waits.ts'

const LISTED = 10
/** More workers than this are folded away on the page of one of them. */
const SHOWN = 6

/** Null where the run is of no rollout, or nothing is known of it any more. */
export async function rolloutOf({ fleet }: PagesParts, run: Run): Promise<Rollout | null> {
  return run.rollout === null || fleet === null ? null : fleet.rollout(run.rollout)
}

export async function RolloutOfRun(props: { rollout: Rollout; run: Run; parts: PagesParts }) {
  const { rollout, run, parts } = props
  const waits = await waitsForWorkers(parts, rollout.runs)
  return (
    <section class="card rollout" aria-label="Its rollout" data-follow="yes">
      <p>
        <a href={`${BASE}/rollouts/${rollout.id}`}>
          Rollout #{rollout.id} to every <Plain text={rollout.label} /> <Icon name="arrow" />
        </a>
      </p>
      <Track rollout={rollout} />
      <details open={rollout.runs.length <= SHOWN}>
        <summary>Each worker</summary>
        <ByWorker runs={rollout.runs} waits={waits} of={run.id} />
      </details>
    </section>
  )
}

/** The newest, of one hook or of all. Nothing, where there are none: most hooks run on one worker. */
export async function Rollouts({ parts, hook }: { parts: PagesParts; hook?: string }) {
  const found = (await parts.fleet?.rollouts({ hook, limit: LISTED })) ?? []
  if (found.length === 0) return null
  const now = Date.now()
  return (
    <>
      <h2>Rollouts</h2>
      <table class="list">
        <thead>
          <tr>
            <th>Rollout</th>
            <th>Status</th>
            {hook === undefined ? <th>Hook</th> : null}
            <th>To every</th>
            <th>What</th>
            <th>Result</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {found.map((rollout) => (
            <RolloutRow rollout={rollout} now={now} named={hook === undefined} />
          ))}
        </tbody>
      </table>
    </>
  )
}

function RolloutRow(props: { rollout: Rollout; now: number; named: boolean }) {
  const { rollout, now, named } = props
  const [first] = rollout.runs
  return (
    <tr data-key={`rollout ${rollout.id}`}>
      <td>
        <a class="number" href={`${BASE}/rollouts/${rollout.id}`}>
          #{rollout.id}
        </a>
      </td>
      <td>
        <Status status={statusOfRollout(rollout)} />
      </td>
      {named ? (
        <td class="hook">
          <a href={hookAt(rollout.hook)}>
            <Plain text={rollout.hook} />
          </a>
        </td>
      ) : null}
      <td>
        <Plain text={rollout.label} />
      </td>
      <td class="what">
        <span class="words">
          <Plain text={first?.event ?? ''} />
          {first?.refName == null ? null : (
            <b>
              <Plain text={first.refName} />
            </b>
          )}
          {first?.sha == null ? null : <code>{first.sha.slice(0, 7)}</code>}
        </span>
      </td>
      <td class="result">{summaryOf(rollout)}</td>
      <td class="when">
        <When at={rollout.createdAt} now={now} />
      </td>
    </tr>
  )
}
