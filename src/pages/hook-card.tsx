/** The card of a hook: how it stands, what it did last and why, and its button. */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import type { Card, Glance, Ignored } from './glance.ts'
import { Icon } from './icons.tsx'
import { startsByHand } from './inputs.tsx'
import { LastWords } from './last-words.tsx'
import { BASE, type PagesParts } from './parts.ts'
import { detailOf, Pills, Sparkline, Status, Took } from './status.tsx'
import { When } from './times.tsx'
import { Plain, plain } from './visible.tsx'
import { WaitWords } from './wait-words.tsx'

interface CardProps {
  readonly card: Card
  readonly glance: Glance
  readonly parts: PagesParts
  readonly now: number
  readonly mayRun: boolean
}

export async function HookCard({ card, glance, parts, now, mayRun }: CardProps) {
  const { hook, runs, shown, result, waiting, ignored, refused } = card
  const [next] = waiting
  const waits = next && glance.waits.get(next.id)
  return (
    <li class={`card hook-card s-${edgeOf(card)}`} data-key={`hook ${hook.name}`}>
      <div class="hook-head">
        <h2>
          <a href={`${BASE}/hooks/${hook.name}`}>{hook.name}</a>
        </h2>
        {hook.enabled ? null : <span class="tag">switched off</span>}
        {hook.open ? <Open hook={hook} /> : null}
        <UnderWay card={card} />
        {mayRun ? <Press card={card} /> : null}
      </div>
      {shown ? (
        <Last run={shown} title={glance.titles.get(shown.id)} now={now} />
      ) : (
        <NeverRan hook={hook} />
      )}
      {result === null || result.id === shown?.id ? null : <Before run={result} now={now} />}
      {waits === undefined ? null : (
        <p class="why">
          <a href={`${BASE}/runs/${next?.id}`}>Run #{next?.id}</a> <WaitWords says={waits} />
        </p>
      )}
      <LastWords hook={hook} runs={runs} parts={parts} />
      {ignored === null ? null : <RanNothing ignored={ignored} now={now} />}
      {refused === 0 ? null : <RefusedHere hook={hook} count={refused} />}
      {runs.length > 0 ? (
        <div class="hook-past">
          <Pills runs={runs} />
          <Sparkline runs={runs} />
        </div>
      ) : null}
    </li>
  )
}

/** Its colour says how the hook stands: where the last run was only called off, as the one before it. */
function edgeOf({ shown, result }: Card): string {
  return (shown?.status === 'cancelled' ? result : shown)?.status ?? 'idle'
}

/** How many of its runs are under way; of one that runs alone the line below tells. */
function UnderWay({ card: { hook, running, waiting } }: Pick<CardProps, 'card'>) {
  const at = `${BASE}/runs?hook=${hook.name}&status=`
  return (
    <>
      {running.length < 2 && waiting.length === 0 ? null : (
        <a class="tag" href={`${at}running`}>
          {running.length} running
        </a>
      )}
      {waiting.length === 0 ? null : (
        <a class="tag" href={`${at}queued`}>
          {waiting.length} waiting
        </a>
      )}
    </>
  )
}

/** What asks for inputs is started where they are filled in. */
function Press({ card: { hook, runs, running, waiting } }: Pick<CardProps, 'card'>) {
  if (startsByHand(hook)) {
    if (hook.inputs.length === 0)
      return <Button to={`hooks/${hook.name}/run`} icon="play" word="Run" of={hook.name} />
    return (
      <a
        class="button quiet"
        href={`${BASE}/hooks/${hook.name}#run`}
        aria-label={`Run ${hook.name} …`}
      >
        <Icon name="play" /> Run …
      </a>
    )
  }
  const last = runs.find(({ finishedAt }) => finishedAt !== null)
  if (!last || running.length + waiting.length > 0) return null
  return <Button to={`runs/${last.id}/rerun`} icon="again" word="Re-run" of={hook.name} />
}

function Button(props: { to: string; icon: 'play' | 'again'; word: string; of: string }) {
  const { to, icon, word, of } = props
  return (
    <form method="post" action={`${BASE}/${to}`}>
      <button type="submit" class="quiet" aria-label={`${word} ${of}`}>
        <Icon name={icon} /> {word}
      </button>
    </form>
  )
}

function Last({ run, title, now }: { run: Run; title: string | undefined; now: number }) {
  const reason = run.status === 'success' ? null : run.reason
  return (
    <>
      <p class="hook-last">
        <a href={`${BASE}/runs/${run.id}`}>
          <Status status={run.status} more={detailOf(run, now)} />
        </a>
        <span class="dim">
          <When at={run.finishedAt ?? run.startedAt ?? run.queuedAt} now={now} />
          {run.startedAt === null ? null : (
            <>
              {' · '}
              <Took run={run} now={now} />
            </>
          )}
          {run.refName === null ? ` · ${plain(run.event)}` : null}
        </span>
      </p>
      {run.refName === null ? null : <Commit run={run} title={title} />}
      {reason === null ? null : (
        <p class={`reason s-${run.status}`} title={plain(reason)}>
          <Plain text={withoutCommand(reason)} />
        </p>
      )}
    </>
  )
}

/** While another runs, or where the last was cancelled: how it stands all the same. */
function Before({ run, now }: { run: Run; now: number }) {
  return (
    <p class="hook-before dim">
      before that{' '}
      <a href={`${BASE}/runs/${run.id}`}>
        <Status status={run.status} more={detailOf(run, now)} />
      </a>{' '}
      <When at={run.finishedAt ?? run.queuedAt} now={now} />
    </p>
  )
}

function Commit({ run, title }: { run: Run; title: string | undefined }) {
  const ref = run.refName ?? ''
  return (
    <p class="hook-what">
      <b title={plain(ref)}>
        <Plain text={ref} />
      </b>
      {run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>}
      {title === undefined ? null : (
        <q title={plain(title)}>
          <Plain text={title} />
        </q>
      )}
    </p>
  )
}

/** "step 2, Build (npm run build) failed with exit code 1": how it ended counts more here than its words. */
function withoutCommand(reason: string): string {
  return reason.replace(/^(step \d+\b[^(]*) \(.*\) /s, '$1 ')
}

/** Who may call a hook that asks for no proof. */
export function Open({ hook }: { hook: Hook }) {
  const { from } = hook.access
  return (
    <span class="tag warn">
      {from === null ? 'open to everybody' : `open to ${from.join(', ')}`}
    </span>
  )
}

function NeverRan({ hook }: { hook: Hook }) {
  const byHand = startsByHand(hook)
  return (
    <p class="hook-last">
      <span class="dim">Has not run yet.</span>
      <a href={`${BASE}/hooks/${hook.name}${byHand ? '#run' : '/setup'}`}>
        {byHand ? 'Start it' : 'Set it up'} <Icon name="arrow" />
      </a>
    </p>
  )
}

function RanNothing({ ignored: { delivery, says }, now }: { ignored: Ignored; now: number }) {
  return (
    <p class="why">
      <a href={`${BASE}/deliveries/${delivery.id}`}>Delivery #{delivery.id}</a> ran nothing{' '}
      <When at={delivery.receivedAt} now={now} />: <Plain text={says} />
    </p>
  )
}

function RefusedHere({ hook, count }: { hook: Hook; count: number }) {
  return (
    <p class="why">
      <a href={`${BASE}/refused?path=${encodeURIComponent(hook.path)}`}>
        {count === 1 ? '1 request was' : `${count} requests were`} refused
      </a>{' '}
      in the last day
    </p>
  )
}
