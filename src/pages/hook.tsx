/** One hook: how it has been doing, how it is written, and starting it by hand. */

import { basename } from 'node:path'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { reaches } from '../record/tokens.ts'
import type { ServerStatus } from '../show/control.ts'
import { hasEnded } from '../show/watch.ts'
import { took } from '../show/when.ts'
import { FileProblem } from './file-problem.tsx'
import { findHook } from './found.ts'
import { hasResult } from './glance.ts'
import { Open } from './hook-card.tsx'
import { Icon, type Mood } from './icons.tsx'
import { InputForm, startHook, startsByHand, type Turned } from './inputs.tsx'
import { LastWords } from './last-words.tsx'
import { Crumbs, Layout } from './layout.tsx'
import { type Ask, BASE, hookAt, inPath, type PagesParts } from './parts.ts'
import { page } from './render.tsx'
import { Rollouts } from './rollout-list.tsx'
import { RunTable } from './run-list.tsx'
import { dedent } from './run-tabs.tsx'
import { Pills, Sparkline } from './status.tsx'
import { titlesOf } from './titles.ts'
import { Plain, Pre, plain } from './visible.tsx'
import { waitsOf } from './waits.ts'

/** What rate and median are of. */
const COUNTED = 50
const LISTED = 20

export async function hookPage(c: Ask, parts: PagesParts): Promise<Response> {
  return drawn(c, parts, findHook(c, parts), null)
}

/** The form comes back as it was filled in, where nothing was started. */
export async function startPage(c: Ask, parts: PagesParts): Promise<Response> {
  const hook = findHook(c, parts)
  const done = await startHook(c, parts, hook)
  if (done instanceof Response) return done
  c.error = done.error // what the audit log says of it
  return drawn(c, parts, hook, done)
}

async function drawn(c: Ask, parts: PagesParts, hook: Hook, turned: Turned | null) {
  const runs = await parts.store.runs({ hook: hook.name, limit: COUNTED })
  const listed = runs.slice(0, LISTED)
  const [waits, titles] = await Promise.all([waitsOf(parts, listed), titlesOf(parts, listed)])
  const now = Date.now()
  const visitor = c.get('visitor')
  const hasForm = reaches(visitor.role, 'operator') && startsByHand(hook)
  const frame = {
    title: hook.name,
    mood: moodOf(runs),
    visitor,
    live: turned === null, // at this address there is nothing to be loaded again
    refresh:
      turned === null && runs.some((run) => !hasEnded(run)) && !(hasForm && hook.inputs.length > 0),
  }
  return page(
    c,
    <Layout frame={frame}>
      <Crumbs of={[['Hooks', `${BASE}/`]]} />
      <div class="run-head">
        <h1>
          <Plain text={hook.name} />
        </h1>
        <div class="buttons">
          <a class="button quiet" href={`${hookAt(hook.name)}/setup`}>
            <Icon name="key" /> Set up
          </a>
          <a class="button quiet" href={`${BASE}/runs?hook=${hook.name}`}>
            <Icon name="list" /> All runs
          </a>
        </div>
        <Sources hook={hook} />
      </div>
      <FileProblem file={parts.hooksFile()} visitor={visitor} now={now} />
      <Figures runs={runs} />
      {hasForm ? <InputForm hook={hook} turned={turned} /> : null}
      <LastWords hook={hook} runs={runs} parts={parts} />
      <h2>Runs</h2>
      {runs.length === 0 ? (
        <p class="dim">
          It has not run yet. What came and ran nothing is under{' '}
          <a href={`${BASE}/deliveries`}>Deliveries</a>, what was turned away under{' '}
          <a href={`${BASE}/refused?path=${encodeURIComponent(hook.path)}`}>Refused</a>.
        </p>
      ) : (
        <RunTable
          runs={listed}
          parts={parts}
          now={now}
          of={hook.name}
          waits={waits}
          titles={titles}
        />
      )}
      <Rollouts parts={parts} hook={hook.name} />
      <h2>As it is written</h2>
      <Written hook={hook} parts={parts} text={await parts.store.configText(hook.config)} />
      <Badge hook={hook} status={parts.control.status()} />
    </Layout>,
    turned?.error.httpStatus,
  )
}

/** As on the overview: what runs, else the last result. */
function moodOf(runs: readonly Run[]): Mood {
  if (runs.some(({ status }) => status === 'running')) return 'running'
  return runs.find(hasResult)?.status ?? 'idle'
}

function Sources({ hook }: { hook: Hook }) {
  const repositories = hook.repositories.map((one) => `${one.host}:${one.name}`)
  const events = hook.triggers.map(({ event, branches, tags }) => {
    const where = [...(branches ?? []), ...(tags ?? [])].join(', ')
    return where === '' ? event : `${event} (${where})`
  })
  return (
    <div class="run-what">
      <p>
        {repositories.map((one) => (
          <b>{plain(one)}</b>
        ))}
        <span>{plain(events.join(', '))}</span>
        <code>{`${hook.methods.join(' ')} ${hook.path}`}</code>
        {hook.enabled ? null : <span class="tag">switched off</span>}
        {hook.open ? <Open hook={hook} /> : null}
      </p>
    </div>
  )
}

function Figures({ runs }: { runs: readonly Run[] }) {
  const ended = runs.filter((run) => run.finishedAt !== null && run.status !== 'cancelled')
  const well = ended.filter((run) => run.status === 'success')
  if (runs.length === 0) return null
  return (
    <div class="figures card">
      <Pills runs={runs.slice(0, 30)} />
      <dl>
        <div>
          <dt>success</dt>
          <dd>
            {ended.length === 0 ? '–' : `${Math.round((100 * well.length) / ended.length)} %`}
            <span class="dim"> of {ended.length}</span>
          </dd>
        </div>
        <div>
          <dt>median</dt>
          <dd>{medianOf(well)}</dd>
        </div>
      </dl>
      <Sparkline runs={runs.slice(0, 30)} />
    </div>
  )
}

/** Of runs that went well: one that fails at once is no fast run. */
function medianOf(runs: readonly Run[]): string {
  const times = runs
    .map((run) => (run.finishedAt ?? 0) - (run.startedAt ?? 0))
    .sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)]
  return middle === undefined ? '–' : took(middle)
}

/** The place is of the config in use: where the file has mistakes, it may have moved. */
function Written(props: { hook: Hook; parts: PagesParts; text: string | null }) {
  const { hook, parts, text } = props
  if (text === null) return <p class="dim">Its text is not kept.</p>
  const { file, lines } = parts.hooks()
  const line = lines.get(hook.name)
  return (
    <>
      <p class="dim">
        Config <code>{hook.config}</code>, without the values of its secrets. It is changed in the
        hooks file, never here:
      </p>
      <copy-text class="copied">
        <code>{plain(line === undefined ? basename(file) : `${basename(file)}:${line}`)}</code>
      </copy-text>
      <Pre look="config" label="The hook as it is written">
        <Plain text={dedent(text)} />
      </Pre>
    </>
  )
}

/** A public one is also at the address of the hooks, where everybody comes; others where people sign in. */
function Badge({ hook, status }: { hook: Hook; status: ServerStatus }) {
  const file = `badge/${inPath(hook.name)}.svg`
  const base = status.url + BASE
  const url = `${hook.badge ? base : (status.pages ?? base)}/${file}`
  return (
    <>
      <h2>Badge</h2>
      <div class="badge">
        <img src={`${BASE}/${file}`} alt={`Badge of ${hook.name}`} height="20" />
        <copy-text class="copied">
          <code>{`![${plain(hook.name)}](${url})`}</code>
        </copy-text>
      </div>
      {hook.badge ? null : (
        <p class="dim">
          Only who is signed in sees it. With <code>"badge": "public"</code> in the hook, everybody
          does.
        </p>
      )}
    </>
  )
}
