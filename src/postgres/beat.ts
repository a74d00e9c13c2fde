/** The renewal of a lease; see `beat` of contract.ts. */

import { RunhookError } from '../errors.ts'
import { number, text } from '../record/rows.ts'
import type { Boss } from './boss.ts'
import type { Beat, Claim } from './contract.ts'
import type { Plan } from './plan.ts'

interface Life {
  readonly name: string
  readonly instance: string
}

/** `held` are the claims that are renewed, of which only `asked` are reported. */
export async function renew(
  plan: Plan,
  boss: Boss,
  { name, instance }: Life,
  asked: readonly Claim[],
  held: readonly Claim[],
): Promise<Beat> {
  const [seen] = await plan.query(seenSql, [name, instance])
  if (!seen) throw notKnown(name)
  const kept = new Set<string>()
  const queues = Map.groupBy(held, ({ queue }) => queue)
  for (const queue of [...queues.keys()].sort()) {
    const jobs = (queues.get(queue) ?? []).map(({ job }) => job)
    for (const job of await boss.touch(plan, queue, jobs)) kept.add(job)
  }
  const lost = asked.filter(({ job }) => !kept.has(job)).map(({ runId }) => runId)
  const wishes = asked.length === 0 ? [] : await plan.query(wishesSql, [asked.map(idOf), instance])
  return { lost, cancel: new Map(wishes.map((row) => [number(row, 'id'), text(row, 'cancel')])) }
}

function idOf({ runId }: Claim): number {
  return runId
}

function notKnown(name: string): RunhookError {
  return new RunhookError('conflict', `The fleet knows this worker, "${name}", no more.`, {
    hint: 'It was removed, or another of its name has begun in its data folder. Start it anew.',
  })
}

const seenSql = `UPDATE runhook.workers SET seen_at = now(), stopped_at = NULL
  WHERE name = $1 AND instance = $2 RETURNING name`

const wishesSql = `SELECT id, cancel FROM runhook.runs
  WHERE id = ANY ($1::bigint[]) AND instance = $2 AND cancel IS NOT NULL`
