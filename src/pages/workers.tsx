/** The workers of a fleet: how each stands, what it has of each hook, and forgetting one that will not come back. */

import { RunhookError } from '../errors.ts'
import type { Deployed, Worker } from '../postgres/contract.ts'
import { reaches } from '../record/tokens.ts'
import { called } from '../show/parameters.ts'
import { worker as workerName } from '../show/workers.ts'
import { Icon, type IconName } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, hookAt, inPath, type PagesParts } from './parts.ts'
import { page, pathValue, seeOther } from './render.tsx'
import { Rollouts } from './rollout-list.tsx'
import { Status } from './status.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'
import { waitsForWorkers } from './waits.ts'

/** Of runs that wait, so many are looked at for what they wait for. */
const LOOKED_AT = 200

type Fleet = NonNullable<PagesParts['fleet']>

export async function workersPage(c: Ask, parts: PagesParts): Promise<Response> {
  const fleet = fleetOf(parts)
  const [workers, deployed] = await Promise.all([fleet.workers(), fleet.deployed()])
  const frame = {
    title: titleOf(workers),
    place: 'workers' as const,
    visitor: c.get('visitor'),
    live: true,
  }
  const has = Map.groupBy(deployed, ({ worker }) => worker)
  return page(
    c,
    <Layout frame={frame}>
      <h1>Workers</h1>
      {await Wanted({ parts })}
      {workers.length === 0 ? (
        <p class="dim">
          None has registered yet. Start one with <code>runhook worker</code>.
        </p>
      ) : (
        <ul class="cards">
          {workers.map((worker) => (
            <WorkerCard c={c} worker={worker} deployed={has.get(worker.name) ?? []} />
          ))}
        </ul>
      )}
      {await Rollouts({ parts })}
    </Layout>,
  )
}

/** Runs wait no more for one that was removed; it may register again. */
export async function removeWorker(c: Ask, parts: PagesParts): Promise<Response> {
  await fleetOf(parts).removeWorker(pathValue(c, 'name', called('the worker', workerName)))
  return seeOther(`${BASE}/workers`)
}

function fleetOf({ fleet }: PagesParts): Fleet {
  if (fleet) return fleet
  throw new RunhookError('not-found', 'This server is alone: it has no workers.')
}

function titleOf(workers: readonly Worker[]): string {
  const lost = workers.filter(({ state }) => state === 'lost').length
  return lost === 0 ? 'Workers' : `${lost} lost`
}

/** Runs that nobody can take just now, counted by what they wait for. */
async function Wanted({ parts }: { parts: PagesParts }) {
  const runs = await parts.store.runs({ status: 'queued', limit: LOOKED_AT })
  const waits = await waitsForWorkers(parts, runs)
  const counts = Map.groupBy(waits.values(), (says) => says)
  return (
    <>
      {[...counts].map(([says, { length }]) => (
        <p class="notice s-interrupted">
          <Icon name="queued" />
          <span>
            <a href={`${BASE}/runs?status=queued`}>{length === 1 ? '1 run' : `${length} runs`}</a>{' '}
            <Plain text={length === 1 ? says : says.replace(/^waits/, 'wait')} />
          </span>
        </p>
      ))}
    </>
  )
}

interface CardProps {
  readonly c: Ask
  readonly worker: Worker
  readonly deployed: readonly Deployed[]
}

function WorkerCard({ c, worker, deployed }: CardProps) {
  const now = Date.now()
  const removable = worker.state !== 'alive' && reaches(c.get('visitor').role, 'admin')
  const facts = [
    ['Running', `${worker.running} of ${worker.slots}`],
    ['Waiting', String(worker.waiting)],
    ['Version', worker.version],
    ['Machine', worker.host],
  ] as const
  return (
    <li class={`card worker s-${states[worker.state].look}`} data-key={`worker ${worker.name}`}>
      <div class="hook-head">
        <h2>
          <a href={`${BASE}/runs?worker=${inPath(worker.name)}`} title="Its runs">
            <Plain text={worker.name} />
          </a>
        </h2>
        {worker.labels.map((label) => (
          <span class="tag">
            <Plain text={label} />
          </span>
        ))}
      </div>
      <p class="hook-last">
        <State state={worker.state} />
        <span class="dim">
          last sign of life <When at={worker.seenAt} now={now} />
        </span>
      </p>
      <dl class="given">
        {facts.map(([name, text]) => (
          <div>
            <dt>{name}</dt>
            <dd>
              <Plain text={text} />
            </dd>
          </div>
        ))}
      </dl>
      <Has deployed={deployed} now={now} />
      {removable ? (
        <form method="post" action={`${BASE}/workers/${inPath(worker.name)}/remove`}>
          <button type="submit" class="danger">
            <Icon name="failure" /> Remove
          </button>
          <span class="dim">No more runs wait for it then. It is recorded in the audit log.</span>
        </form>
      ) : null}
    </li>
  )
}

const states: Readonly<Record<Worker['state'], { look: string; icon: IconName }>> = {
  alive: { look: 'success', icon: 'success' },
  lost: { look: 'failure', icon: 'failure' },
  stopped: { look: 'cancelled', icon: 'stop' },
}

function State({ state }: Pick<Worker, 'state'>) {
  return (
    <span class={`status s-${states[state].look}`}>
      <Icon name={states[state].icon} />
      {state}
    </span>
  )
}

/** It has the commit of the last run that succeeded; what was tried last may be something else. */
function Has({ deployed, now }: { deployed: readonly Deployed[]; now: number }) {
  if (deployed.length === 0) return <p class="dim">No run has ended here yet.</p>
  return (
    <table class="has">
      <thead>
        <tr>
          <th>Hook</th>
          <th>Has</th>
          <th>Last run</th>
        </tr>
      </thead>
      <tbody>
        {deployed.map((one) => (
          <tr>
            <td>
              <a href={hookAt(one.hook)}>
                <Plain text={one.hook} />
              </a>
            </td>
            <td>
              {one.successSha === null ? (
                <span class="dim">nothing</span>
              ) : (
                <code>{one.successSha.slice(0, 7)}</code>
              )}
            </td>
            <td>
              <span class="words">
                <a href={`${BASE}/runs/${one.run}`}>
                  <Status status={one.status} />
                </a>
                {one.sha === null ? null : <code>{one.sha.slice(0, 7)}</code>}
                <span class="dim">
                  <When at={one.finishedAt} now={now} />
                </span>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
