/** A rollout: what was asked of every worker of a label, and what became of it on each, as it goes. */

import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { Rollout } from '../postgres/contract.ts'
import { called, id } from '../show/parameters.ts'
import {
  isUnderWay,
  isWhole,
  notRun,
  statusOfRollout,
  stopOf,
  strategyOf,
  summaryOf,
} from '../show/rollout-words.ts'
import { Icon } from './icons.tsx'
import { Crumbs, Layout } from './layout.tsx'
import { type Ask, BASE, hookAt, type PagesParts } from './parts.ts'
import { page, pathValue } from './render.tsx'
import { detailOf, Status, Took, words } from './status.tsx'
import { When } from './times.tsx'
import { Plain, plain } from './visible.tsx'
import { type Waits, waitsForWorkers } from './waits.ts'

export async function rolloutPage(c: Ask, parts: PagesParts): Promise<Response> {
  const rollout = await findRollout(c, parts)
  const status = statusOfRollout(rollout)
  const waits = await waitsForWorkers(parts, rollout.runs)
  const frame = {
    title: `${doneOf(rollout)} ${rollout.hook} to every ${rollout.label}`,
    mood: status,
    place: 'runs' as const,
    visitor: c.get('visitor'),
    live: isUnderWay(rollout),
  }
  return page(
    c,
    <Layout frame={frame}>
      <Crumbs
        of={[
          ['Runs', `${BASE}/runs`],
          [plain(rollout.hook), hookAt(rollout.hook)],
        ]}
      />
      <div class="run-head">
        <h1>
          <Status status={status} more={doneOf(rollout)} />
          <span class="number">Rollout #{rollout.id}</span>
        </h1>
        <What rollout={rollout} />
      </div>
      <Stopped rollout={rollout} />
      <Track rollout={rollout} />
      <ByWorker runs={rollout.runs} waits={waits} />
    </Layout>,
  )
}

async function findRollout(c: Ask, { fleet }: PagesParts): Promise<Rollout> {
  const wanted = pathValue(c, 'id', called('the rollout', id))
  const rollout = (await fleet?.rollout(wanted)) ?? null
  if (rollout) return rollout
  throw new RunhookError('not-found', `There is no rollout #${wanted}.`)
}

/** `3 of 5` */
function doneOf({ runs }: Rollout): string {
  return `${runs.filter((run) => run.finishedAt !== null).length} of ${runs.length}`
}

function What({ rollout }: { rollout: Rollout }) {
  const [first] = rollout.runs
  return (
    <div class="run-what">
      <p>
        <a href={hookAt(rollout.hook)}>
          <Plain text={rollout.hook} />
        </a>
        <span>
          to every{' '}
          <b>
            <Plain text={rollout.label} />
          </b>
        </span>
        {first ? <Asked run={first} /> : null}
      </p>
      <p class="dim">
        <When at={rollout.createdAt} now={Date.now()} />
        <span>{strategyOf(rollout)}</span>
        <a href={`${BASE}/deliveries/${rollout.deliveryId}`}>delivery #{rollout.deliveryId}</a>
      </p>
    </div>
  )
}

function Asked({ run }: { run: Run }) {
  return (
    <>
      <Plain text={run.event} />
      {run.refName === null ? null : (
        <b class="ref">
          <Plain text={run.refName} />
        </b>
      )}
      {run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>}
      {run.sender === null ? null : (
        <span>
          by <Plain text={run.sender} />
        </span>
      )}
    </>
  )
}

function Stopped({ rollout }: { rollout: Rollout }) {
  const stop = stopOf(rollout)
  if (stop === null) return null
  const mood = isWhole(rollout) ? 'success' : 'failure'
  return (
    <p class={`notice s-${mood}`}>
      <Icon name={mood} />
      <span>
        <Plain text={`${stop.slice(0, 1).toUpperCase()}${stop.slice(1)}`} />.
        {mood === 'failure' ? ' What was still to come is not run.' : null}
      </span>
    </p>
  )
}

/** One field for each worker, so that how far it has come is seen at a glance; the table says it in words. */
export function Track({ rollout }: { rollout: Rollout }) {
  return (
    <div class="track">
      <span class="fields" aria-hidden="true">
        {rollout.runs.map((run) => (
          <i class={`s-${run.status}`} title={`${nameOf(run)}: ${words[run.status]}`} />
        ))}
      </span>
      <span>{summaryOf(rollout)}</span>
    </div>
  )
}

/** A run that had no worker to go to has no name there. */
function nameOf({ worker }: Run): string {
  return worker === null ? 'nobody' : plain(worker)
}

export function ByWorker(props: { runs: readonly Run[]; waits: Waits; of?: number }) {
  const now = Date.now()
  return (
    <table class="list by-worker">
      <thead>
        <tr>
          <th>Worker</th>
          <th>Status</th>
          <th>What became of it</th>
          <th>Run</th>
          <th>Took</th>
          <th>When</th>
        </tr>
      </thead>
      <tbody>
        {props.runs.map((run) => (
          <tr data-key={`${nameOf(run)} ${run.id}`}>
            <td>
              <b>{nameOf(run)}</b>
            </td>
            <td>
              <Status status={run.status} more={detailOf(run, now)} />
            </td>
            <td class="what">
              <Why run={run} waits={props.waits} />
            </td>
            <td>
              <a
                class="number"
                href={`${BASE}/runs/${run.id}`}
                aria-current={run.id === props.of ? 'true' : undefined}
              >
                #{run.id}
              </a>
            </td>
            <td class="took">
              <Took run={run} now={now} />
            </td>
            <td class="when">
              <When at={run.finishedAt ?? run.startedAt ?? run.queuedAt} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Why({ run, waits }: { run: Run; waits: Waits }) {
  if (run.status === 'queued')
    return (
      <span class="why">
        <Plain text={waits.get(run.id) ?? 'waits for its turn'} />
      </span>
    )
  const says = notRun(run) ?? run.reason
  if (says === null) return run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>
  return (
    <span class="why">
      <Plain text={says} />
    </span>
  )
}
