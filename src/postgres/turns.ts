/**
 * Whose turn it is. In each group one unit, a run or a rollout, has its turn and keeps it until all of it has
 * ended; then the next one in order is sent, in the transaction that ended the last.
 */

import { number, numberOrNull, text } from '../record/rows.ts'
import type { Row } from './connect.ts'
import { groupLock, hookLock, rolloutLock } from './keys.ts'
import { type Place, placeColumns, placeOf } from './place.ts'
import type { Plan } from './plan.ts'

type Waits = Place & { readonly atOnce: number | null; readonly underWay: number }

/** Gives up the turn of a unit of which nothing is left but runs that end in this very statement (`ending`). */
export const releaseSql = (from: string, group: string, unit: string, ending: string) => `
  DELETE FROM runhook.turns t ${from} WHERE t.concurrency_group = ${group} AND t.unit = ${unit}
    AND NOT EXISTS (SELECT FROM runhook.runs r WHERE r.unit = ${unit} AND r.id <> ALL (${ending})
      AND r.status IN ('queued', 'running') AND (r.status = 'running' OR r.rollout = r.unit
        OR (r.job IS NOT NULL AND r.not_before IS NULL)))`

export async function release(plan: Plan, { group, unit }: Place): Promise<boolean> {
  if (group === null) return false
  const sql = `${releaseSql('', '$1', '$2', `'{}'::bigint[]`)} RETURNING 1 AS gone`
  return (await plan.query(sql, [group, unit])).length > 0
}

/** Sends what may start now that something has changed at these places, whose locks are held; resolves with how many. */
export async function advance(plan: Plan, places: readonly Place[]): Promise<number> {
  const groups = new Set(places.flatMap(({ group }) => group ?? []))
  const rollouts = new Set(
    places.flatMap((place) => (place.group === null && ofRolling(place) ? [place.unit] : [])),
  )
  const hooks = new Set(places.flatMap((place) => (place.maxParallel === null ? [] : place.hook)))
  let sent = 0
  for (const group of groups) sent += await ofGroup(plan, group)
  for (const rollout of rollouts) sent += await ofRollout(plan, rollout)
  for (const hook of hooks) sent += await ofHook(plan, hook)
  return sent
}

/** Of a run that meets nobody: it never has to wait, but for a hand in the database. */
export async function sendAlone(plan: Plan, place: Place): Promise<number> {
  const { group, maxParallel } = place
  if (group !== null || maxParallel !== null || ofRolling(place)) return 0
  return send(plan, [place], null)
}

/** The turn is somebody's, or it goes to the first in order for whose hook there is room. */
async function ofGroup(plan: Plan, group: string): Promise<number> {
  const full: string[] = []
  for (;;) {
    const next = (await plan.query(nextOfGroup, [group, full])).map(waitsOf)
    const [first] = next
    if (first === undefined) return 0
    const room = await roomFor(plan, first)
    if (room > 0) return send(plan, next.slice(0, room), group)
    full.push(first.hook)
  }
}

async function ofRollout(plan: Plan, rollout: number): Promise<number> {
  const next = (await plan.query(nextOfRollout, [rollout])).map(waitsOf)
  const [first] = next
  return first ? send(plan, next.slice(0, await roomFor(plan, first)), null) : 0
}

/**
 * There may be room for more of a hook. Each that waits for that may take turns with others, whose lock somebody may
 * hold who waits for ours, so it is not waited for here: such a group is looked at after the commit.
 */
async function ofHook(plan: Plan, hook: string): Promise<number> {
  let sent = 0
  for (const row of await plan.query(nextOfHook, [hook])) {
    const place = placeOf(row)
    if ((await roomOfHook(plan, place)) <= 0) return sent
    if (place.group !== null) {
      if (await plan.tryLock(groupLock(place.group))) sent += await ofGroup(plan, place.group)
      else plan.passedBy.push(place)
    } else if (ofRolling(place)) {
      if (await plan.tryLock(rolloutLock(place.unit))) sent += await ofRollout(plan, place.unit)
      else plan.passedBy.push(place)
    } else sent += await send(plan, [place], null)
  }
  return sent
}

/** How many like this one may be sent: by its hook, and by its rollout. */
async function roomFor(plan: Plan, waits: Waits): Promise<number> {
  const ofHook = waits.maxParallel === null ? Infinity : await roomOfHook(plan, waits)
  if (!ofRolling(waits)) return Math.min(ofHook, 1)
  const ofRollout = waits.atOnce === null ? Infinity : waits.atOnce - waits.underWay
  return Math.max(0, Math.min(ofHook, ofRollout))
}

export async function roomOfHook(plan: Plan, { hook, maxParallel, id }: Place): Promise<number> {
  if (maxParallel === null) return Infinity
  await plan.lock([hookLock(hook)])
  const [row] = await plan.query(busyOfHook, [hook, id])
  return maxParallel - (row ? number(row, 'busy') : 0)
}

async function send(plan: Plan, places: readonly Place[], group: string | null): Promise<number> {
  if (places.length === 0) return 0
  const ids = places.map(({ id }) => id)
  const unit = places[0]?.unit
  const rows = await plan.query(sendSql, [ids, group, unit])
  const sent = rows.map((row) => ({
    job: text(row, 'job'),
    run: number(row, 'id'),
    place: placeOf(row),
  }))
  await plan.send(sent)
  return sent.length
}

/** One that catches up belongs to a rollout too, and takes its turn alone. */
function ofRolling({ rollout, unit }: Place): boolean {
  return rollout === unit
}

function waitsOf(row: Row): Waits {
  return {
    ...placeOf(row),
    atOnce: numberOrNull(row, 'at_once'),
    underWay: number(row, 'under_way'),
  }
}

const columns = placeColumns.replaceAll(/\w+/g, 'r.$&')

/** With what its rollout allows. A unit is a rollout when it has the rollout's number. */
const waits = `SELECT ${columns}, o.max_parallel AS at_once,
    (SELECT count(*) FROM runhook.runs a WHERE a.rollout = o.id AND a.unit = o.id
      AND a.status IN ('queued', 'running') AND a.job IS NOT NULL) AS under_way
  FROM runhook.runs r LEFT JOIN runhook.rollouts o ON o.id = r.rollout AND o.id = r.unit`

const nextOfGroup = `${waits} WHERE r.concurrency_group = $1 AND r.status = 'queued' AND r.job IS NULL
    AND r.hook <> ALL ($2::text[])
    AND r.unit = coalesce((SELECT unit FROM runhook.turns WHERE concurrency_group = $1),
      (SELECT unit FROM runhook.runs WHERE concurrency_group = $1 AND status = 'queued' AND job IS NULL
        AND hook <> ALL ($2::text[]) ORDER BY unit LIMIT 1))
  ORDER BY r.id`

const nextOfRollout = `${waits} WHERE r.rollout = $1 AND r.unit = $1 AND r.status = 'queued' AND r.job IS NULL
  ORDER BY r.id`

const nextOfHook = `SELECT ${columns} FROM runhook.runs r
  LEFT JOIN runhook.turns t ON t.concurrency_group = r.concurrency_group
  WHERE r.hook = $1 AND r.status = 'queued' AND r.job IS NULL AND r.max_parallel IS NOT NULL
    AND (t.unit IS NULL OR t.unit = r.unit) ORDER BY r.unit, r.id LIMIT 20`

/** A retry that waits for its time takes no room until it begins. */
const busyOfHook = `SELECT count(*) AS busy FROM runhook.runs WHERE hook = $1 AND id <> $2
  AND status IN ('queued', 'running') AND job IS NOT NULL AND (status = 'running' OR not_before IS NULL)`

const sendSql = `WITH turn AS (
    INSERT INTO runhook.turns SELECT $2::text, $3::bigint WHERE $2::text IS NOT NULL ON CONFLICT DO NOTHING)
  UPDATE runhook.runs SET job = gen_random_uuid(), not_before = NULL
  WHERE id = ANY ($1::bigint[]) AND status = 'queued' AND job IS NULL
  RETURNING job, ${placeColumns}`
