/** One delivery: why each hook did or did not run, what came, and what was answered. */

import { RunhookError } from '../errors.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import { reaches } from '../record/tokens.ts'
import { answerOf } from '../show/answered.ts'
import { bytes } from '../show/when.ts'
import { Answer } from './answer.tsx'
import { Became, What } from './deliveries.tsx'
import { findDelivery } from './found.ts'
import { Icon } from './icons.tsx'
import { Crumbs, Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page } from './render.tsx'
import { runsBefore } from './repeat.tsx'
import { RunTable } from './run-list.tsx'
import { exactTime, When } from './times.tsx'
import { Payload } from './tree.tsx'
import { VerdictList } from './verdict.tsx'
import { Plain } from './visible.tsx'
import { waitsOf } from './waits.ts'

const REPEATS = 100

/** With `dry-run` in the address the verdicts are those that it would get today; nothing is started. */
export async function deliveryPage(c: Ask, parts: PagesParts): Promise<Response> {
  const delivery = await findDelivery(c, parts)
  const dry = await dryRun(c, parts, delivery)
  const repeats = await parts.store.deliveries({ duplicateOf: delivery.id, limit: REPEATS })
  const runs = await parts.store.runs({ deliveryId: delivery.id, limit: REPEATS })
  const waits = await waitsOf(parts, runs)
  const verdicts = [...delivery.verdicts, ...(dry?.verdicts ?? [])]
  const before = await runsBefore(parts, verdicts)
  const frame = {
    title: `Delivery #${delivery.id}`,
    place: 'deliveries' as const,
    visitor: c.get('visitor'),
    live: dry === null, // a dry run is what was asked for, once
    refresh: false,
  }
  return page(
    c,
    <Layout frame={frame}>
      <Crumbs of={[['Deliveries', `${BASE}/deliveries`]]} />
      <div class="run-head">
        <h1>
          Delivery #{delivery.id}
          <Became delivery={delivery} />
        </h1>
        <Buttons c={c} delivery={delivery} />
        <div class="run-what">
          <p>
            <What delivery={delivery} />
            {delivery.sender === null ? null : (
              <span>
                by <Plain text={delivery.sender} />
              </span>
            )}
          </p>
          <p class="dim">
            <When at={delivery.receivedAt} now={Date.now()} />
            <span>
              at {delivery.endpoint === 'cli' ? 'this server, by hand' : delivery.endpoint}
            </span>
          </p>
        </div>
      </div>
      {delivery.problem === null ? null : (
        <p class="notice s-failure">
          <Icon name="failure" />
          <span>
            It cannot be used: <Plain text={delivery.problem} />
          </span>
        </p>
      )}
      {dry === null ? null : (
        <section class="dry">
          <h2>Dry run: what it would do now</h2>
          <p class="dim">Held against the hooks as they are written now. Nothing was started.</p>
          <VerdictList verdicts={dry.verdicts} updates={dry.updates} wouldRun before={before} />
        </section>
      )}
      <h2>{dry === null ? 'Verdict' : 'What it did when it came'}</h2>
      <VerdictList
        verdicts={delivery.verdicts}
        updates={delivery.updates}
        wouldRun={false}
        before={before}
      />
      {runs.length === 0 ? null : (
        <>
          <h2>Runs</h2>
          <RunTable runs={runs} parts={parts} now={Date.now()} waits={waits} titles={new Map()} />
        </>
      )}
      <Facts delivery={delivery} repeats={repeats} />
      <Request delivery={delivery} redact={parts.redact} />
      <Answer answer={answerOf(delivery)} />
    </Layout>,
  )
}

async function dryRun(c: Ask, parts: PagesParts, { id }: StoredDelivery) {
  if (c.req.query('dry-run') === undefined) return null
  const { name, role } = c.get('visitor')
  if (!reaches(role, 'operator'))
    throw new RunhookError('not-allowed', `${name} has the role ${role}; this needs operator.`)
  return (await parts.control.redeliver(id, { dryRun: true }, name)).delivery
}

function Buttons({ c, delivery }: { c: Ask; delivery: StoredDelivery }) {
  const may = reaches(c.get('visitor').role, 'operator')
  const kept = delivery.bodyRemovedAt === null
  const sendable = may && kept && delivery.endpoint !== 'cli'
  const at = `${BASE}/deliveries/${delivery.id}`
  return (
    <div class="buttons">
      {sendable ? (
        <>
          <form method="get" action={at}>
            <button type="submit" name="dry-run" value="yes" class="quiet">
              <Icon name="question" /> Dry run
            </button>
          </form>
          <form method="post" action={`${at}/redeliver`}>
            <button type="submit">
              <Icon name="again" /> Redeliver
            </button>
          </form>
        </>
      ) : null}
    </div>
  )
}

function Facts(props: { delivery: StoredDelivery; repeats: readonly StoredDelivery[] }) {
  const { delivery, repeats } = props
  const { host, guid, event, action, proof, address, duplicateOf } = delivery
  const facts = [
    ['Received', exactTime(delivery.receivedAt)],
    ['From', address],
    ['Host', host],
    ['Id at the host', guid ?? ''],
    ['Event', action === null ? event : `${event}, ${action}`],
    ['Proof', proof],
  ] as const
  return (
    <dl class="facts">
      {facts.map(([name, text]) =>
        text === '' ? null : (
          <div>
            <dt>{name}</dt>
            <dd>
              <Plain text={text} />
            </dd>
          </div>
        ),
      )}
      {duplicateOf === null ? null : (
        <div>
          <dt>Repeats</dt>
          <dd>
            <a href={`${BASE}/deliveries/${duplicateOf}`}>#{duplicateOf}</a>
          </dd>
        </div>
      )}
      {repeats.length === 0 ? null : (
        <div>
          <dt>Came again as</dt>
          <dd>
            {repeats.map(({ id }) => (
              <a href={`${BASE}/deliveries/${id}`}>#{id} </a>
            ))}
          </dd>
        </div>
      )}
    </dl>
  )
}

function Request(props: { delivery: StoredDelivery; redact: PagesParts['redact'] }) {
  const { delivery, redact } = props
  const { headers, body, bodyRemovedAt, id } = delivery
  const entries = Object.entries(headers)
  return (
    <>
      <h2>Request</h2>
      {entries.length === 0 ? null : (
        <table class="headers">
          <tbody>
            {entries.map(([name, value]) => (
              <tr>
                <th scope="row">
                  <Plain text={name} />
                </th>
                <td>
                  <Plain text={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {bodyRemovedAt === null ? (
        <>
          <p class="dim payload-head">
            Payload, {bytes(body.length)}
            <a href={`${BASE}/deliveries/${id}/body`} download={`delivery-${id}.body`}>
              <Icon name="download" /> Download
            </a>
          </p>
          <Payload body={body} redact={redact} />
        </>
      ) : (
        <p class="dim">
          Its payload was kept for its time and was removed {exactTime(bodyRemovedAt)}.
        </p>
      )}
    </>
  )
}
