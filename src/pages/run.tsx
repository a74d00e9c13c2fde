/** One run: its log, and why and how it came to be. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'
import { reaches } from '../record/tokens.ts'
import { stepsOf } from '../show/events.ts'
import { like } from '../show/parameters.ts'
import { isUnderWay } from '../show/rollout-words.ts'
import { hasEnded } from '../show/watch.ts'
import { bytes } from '../show/when.ts'
import { findRun, withoutBody } from './found.ts'
import { Icon } from './icons.tsx'
import { Crumbs, Layout } from './layout.tsx'
import { readPlace, START } from './lines.ts'
import { Log, readWindow } from './log.tsx'
import { StepsNotRun } from './not-run.tsx'
import { type Ask, BASE, hookAddress, hookNamed, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { RolloutOfRun, rolloutOf } from './rollout-list.tsx'
import { type Tab, TabBody, tabOf, tabs } from './run-tabs.tsx'
import { detailOf, Status, Took, words } from './status.tsx'
import { When } from './times.tsx'
import { Plain, plain } from './visible.tsx'
import { WaitWords } from './wait-words.tsx'
import { waitsOf } from './waits.ts'

const place = like(/^[\d.;]{1,80}$/, 'a place that the page itself gave')

export async function runPage(c: Ask, parts: PagesParts): Promise<Response> {
  const run = await findRun(c, parts)
  const tab = tabOf(c.req.query('tab'))
  const delivery = await withoutBody(parts, run.deliveryId)
  const rollout = await rolloutOf(parts, run)
  const waits = (await waitsOf(parts, [run])).get(run.id)
  const now = Date.now()
  const frame = {
    title: `${words[run.status]}: ${run.hook} #${run.id}`,
    mood: run.status,
    place: 'runs' as const,
    visitor: c.get('visitor'),
    live: !hasEnded(run) || (rollout !== null && isUnderWay(rollout)),
  }
  return page(
    c,
    <Layout frame={frame}>
      <Crumbs
        of={[
          ['Runs', `${BASE}/runs`],
          [plain(run.hook), hookAddress(parts, run.hook)],
        ]}
      />
      <div class="run-head" data-part="run-head">
        <h1>
          <Status status={run.status} more={detailOf(run, now)} />
          <span class="number">#{run.id}</span>
        </h1>
        <Buttons c={c} run={run} parts={parts} />
        <What run={run} delivery={delivery} parts={parts} now={now} />
        {waits === undefined ? null : (
          <p class="reason s-interrupted">
            It <WaitWords says={waits} />.
          </p>
        )}
      </div>
      {rollout === null ? null : <RolloutOfRun rollout={rollout} run={run} parts={parts} />}
      <nav class="tabs" aria-label="About this run">
        {tabs.map(([one, word]) => (
          <a href={tabAddress(run, one)} aria-current={one === tab ? 'page' : undefined}>
            {word}
          </a>
        ))}
      </nav>
      {tab === 'log' ? (
        c.req.query('glance') === undefined ? (
          await logOf(c, parts, run)
        ) : null // of a tab in the background
      ) : (
        <TabBody tab={tab} run={run} delivery={delivery} parts={parts} />
      )}
    </Layout>,
  )
}

async function logOf(c: Ask, parts: PagesParts, run: Run) {
  const from = readPlace(queryValue(c, 'from', place) ?? '') ?? START
  const steps = await stepsOf(parts, run)
  const window = await readWindow(parts, run, steps, from)
  return (
    <>
      <Log run={run} steps={steps} window={window} first={from.line} />
      {window.more ? null : <StepsNotRun run={run} steps={steps} parts={parts} />}
    </>
  )
}

function tabAddress(run: Run, tab: Tab): string {
  return tab === 'log' ? `${BASE}/runs/${run.id}` : `${BASE}/runs/${run.id}?tab=${tab}`
}

interface WhatProps {
  readonly run: Run
  readonly delivery: StoredDelivery | null
  readonly parts: PagesParts
  readonly now: number
}

function What({ run, delivery, parts, now }: WhatProps) {
  const update = delivery?.updates[run.update]
  const [title = ''] = (update?.message ?? '').split('\n', 1)
  return (
    <div class="run-what">
      <p>
        <a href={hookAddress(parts, run.hook)}>
          <Plain text={run.hook} />
        </a>
        <Plain text={run.event} />
        {run.refName === null ? null : (
          <b class="ref">
            <Plain text={run.refName} />
          </b>
        )}
        {run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>}
        {title === '' ? null : (
          <q>
            <Plain text={title} />
          </q>
        )}
        {run.sender === null ? null : (
          <span>
            by <Plain text={run.sender} />
          </span>
        )}
      </p>
      <p class="dim">
        <When at={run.startedAt ?? run.queuedAt} now={now} />
        {run.startedAt === null ? null : (
          <span class="took">
            <Took run={run} now={now} />
          </span>
        )}
        {run.attempt > 1 ? <span>attempt {run.attempt}</span> : null}
        {run.worker === null ? null : (
          <span>
            on <Plain text={run.worker} />
          </span>
        )}
        <a href={`${BASE}/deliveries/${run.deliveryId}`}>delivery #{run.deliveryId}</a>
      </p>
      {run.reason === null ? null : (
        <p class={`reason s-${run.status}`}>
          <Plain text={run.reason} />
        </p>
      )}
      <Given inputs={run.inputs} />
    </div>
  )
}

function Given({ inputs }: { inputs: Run['inputs'] }) {
  const entries = Object.entries(inputs)
  if (entries.length === 0) return null
  return (
    <dl class="given">
      {entries.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <Plain text={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Buttons({ c, run, parts }: { c: Ask; run: Run; parts: PagesParts }) {
  const may = reaches(c.get('visitor').role, 'operator')
  const known = hookNamed(parts, run.hook) !== null
  return (
    <div class="buttons">
      {may && !hasEnded(run) ? (
        <form method="post" action={`${BASE}/runs/${run.id}/cancel`}>
          <button type="submit" class="danger">
            <Icon name="stop" /> Cancel
          </button>
        </form>
      ) : null}
      {may && hasEnded(run) && known ? (
        <form method="post" action={`${BASE}/runs/${run.id}/rerun`}>
          <button type="submit">
            <Icon name="again" /> Re-run
          </button>
        </form>
      ) : null}
      <a
        class="button"
        href={`${BASE}/runs/${run.id}/output`}
        download={`run-${run.id}.log`}
        title={run.outputBytes > 0 ? `${bytes(run.outputBytes)} of output` : undefined}
      >
        <Icon name="download" /> Download
      </a>
    </div>
  )
}
