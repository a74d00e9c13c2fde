/** New rows: deliveries, and the runs that they ask for. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'
import { deliveryColumns, deliveryRow } from '../record/delivery-row.ts'
import type { Place } from './place.ts'
import type { Plan } from './plan.ts'
import { sealFields, sealOf } from './seal.ts'

export interface NewRun {
  readonly run: Run
  readonly place: Place
  /** Its job, when it is sent with this; a group's turn is then its own from now on. */
  readonly job: string | null
}

/** `digest`: of the delivery (seal.ts); null where nothing is sealed. */
export async function insertRuns(
  plan: Plan,
  runs: readonly NewRun[],
  digest: string | null,
): Promise<void> {
  if (runs.length === 0) return
  const rows = runs.map(({ run, place, job }) => ({
    id: run.id,
    delivery_id: run.deliveryId,
    hook: run.hook,
    update_index: run.update,
    concurrency_group: run.group,
    attempt: run.attempt,
    retry: run.retry === null ? null : JSON.stringify(run.retry),
    status: run.status,
    queued_at: run.queuedAt,
    not_before: run.notBefore,
    finished_at: run.finishedAt,
    reason: run.reason,
    config: run.config,
    event: run.event,
    ref_name: run.refName,
    sha: run.sha,
    sender: run.sender,
    inputs: JSON.stringify(run.inputs),
    label: place.label,
    worker: place.worker,
    rollout: place.rollout,
    max_parallel: place.maxParallel,
    unit: place.unit,
    job,
    seal: sealFor(plan, run, place, digest),
  }))
  await plan.query(insertSql, [recordset(rows)])
}

/** A run is sealed as it is written down, by whoever writes it: what waits in the database cannot be made up. */
function sealFor({ sealKey }: Plan, run: Run, place: Place, digest: string | null): string | null {
  if (sealKey === undefined || digest === null) return null
  const pin = place.rollout === null ? null : place.worker
  const seal = sealOf(sealFields(run, { label: place.label, pin }, digest), sealKey)
  return Buffer.from(seal).toString('hex')
}

export async function insertDelivery(
  plan: Plan,
  delivery: StoredDelivery,
  bodyHash: Uint8Array | null,
): Promise<void> {
  await plan.query(deliverySql, deliveryRow(delivery, bodyHash))
}

/** For json_to_recordset. Its text can hold neither U+0000 nor half a character, which JSON can. */
export function recordset(rows: unknown): string {
  return JSON.stringify(rows, (_key, value) =>
    typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd').toWellFormed() : value,
  )
}

const columns = {
  id: 'bigint',
  delivery_id: 'bigint',
  hook: 'text',
  update_index: 'integer',
  concurrency_group: 'text',
  attempt: 'integer',
  retry: 'text',
  status: 'text',
  queued_at: 'bigint',
  not_before: 'bigint',
  finished_at: 'bigint',
  reason: 'text',
  config: 'text',
  event: 'text',
  ref_name: 'text',
  sha: 'text',
  sender: 'text',
  inputs: 'text',
  label: 'text',
  worker: 'text',
  rollout: 'bigint',
  max_parallel: 'integer',
  unit: 'bigint',
  job: 'uuid',
}
const names = Object.keys(columns).join(', ')
const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`)

const insertSql = `WITH rows AS (
    SELECT * FROM json_to_recordset($1::json) AS rows (${typed.join(', ')}, seal text)
  ), turn AS (
    INSERT INTO runhook.turns SELECT concurrency_group, unit FROM rows
    WHERE concurrency_group IS NOT NULL AND job IS NOT NULL AND not_before IS NULL)
  INSERT INTO runhook.runs (${names}, seal) SELECT ${names}, decode(seal, 'hex') FROM rows`

const deliverySql = `INSERT INTO runhook.deliveries (${deliveryColumns.join(', ')})
  VALUES (${deliveryColumns.map((_, index) => `$${index + 1}`).join(', ')})`
