/** The statements of prune.ts. */

const columns = 'id, hook, queued_at, finished_at'
const unfinished = `status IN ('queued', 'running')` // as the index has it

/** `octet_length` does not read what is stored apart. */
export const oldBodies = `
  SELECT id, octet_length(body) AS bytes FROM runhook.deliveries d
  WHERE body_removed_at IS NULL AND received_at < $1
    AND NOT EXISTS (SELECT 1 FROM runhook.runs WHERE delivery_id = d.id AND ${unfinished})
  ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED`

export const emptyBodies = `
  UPDATE runhook.deliveries d SET body = '', body_removed_at = $2
  WHERE id = ANY ($1)
    AND NOT EXISTS (SELECT 1 FROM runhook.runs WHERE delivery_id = d.id AND ${unfinished})
  RETURNING id`

export const runsAfter = `SELECT ${columns} FROM runhook.runs WHERE id > $1 ORDER BY id LIMIT $2`

export const runsOfHookAfter = `
  SELECT ${columns} FROM runhook.runs WHERE hook = $3 AND id > $1 ORDER BY id LIMIT $2`

export const withOutput = `
  SELECT ${columns} FROM runhook.runs
  WHERE finished_at IS NOT NULL AND output_removed_at IS NULL AND (finished_at, id) > ($1, $2)
  ORDER BY finished_at, id LIMIT $3`

/** A unit has the number of its first run. Each has an index of just these rows: nothing else is read. */
const ofLastWhere = (more: string) => `
  SELECT id FROM runhook.runs WHERE hook = $1 AND id = unit AND finished_at IS NOT NULL ${more}
  ORDER BY id DESC LIMIT 1 OFFSET $2`
export const ofLast = ofLastWhere('')
export const ofLastStarted = ofLastWhere('AND started_at IS NOT NULL')

export const outputRemoved = `
  UPDATE runhook.runs SET output_removed_at = $2 WHERE id = ANY ($1) AND finished_at IS NOT NULL`

export const goneRuns = `
  SELECT id, rollout FROM runhook.runs
  WHERE id = ANY ($1) AND finished_at IS NOT NULL AND id < (SELECT max(id) FROM runhook.runs)
  ORDER BY id FOR UPDATE`

/** Of the runs for one update of a delivery one is enough, one that succeeded before others. */
export const remember = `
  INSERT INTO runhook.pruned_runs (delivery_id, hook, update_index, id, status)
  SELECT DISTINCT ON (delivery_id, hook, update_index) delivery_id, hook, update_index, id, status
  FROM runhook.runs WHERE id = ANY ($1)
  ORDER BY delivery_id, hook, update_index, (status = 'success') DESC, id
  ON CONFLICT (delivery_id, hook, update_index) DO UPDATE SET id = excluded.id, status = excluded.status
  WHERE pruned_runs.status <> 'success'`

export const forgetRollouts = `
  DELETE FROM runhook.rollouts
  WHERE id = ANY ($1) AND NOT EXISTS (SELECT 1 FROM runhook.runs WHERE rollout = rollouts.id)`

export const deliveriesAfter = `
  SELECT id, received_at FROM runhook.deliveries WHERE id > $1 ORDER BY id LIMIT $2`

export const lockDeliveries = `
  SELECT id FROM runhook.deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED`

export const forgetDeliveries = `
  DELETE FROM runhook.deliveries d
  WHERE id = ANY ($1) AND id < (SELECT max(id) FROM runhook.deliveries)
    AND NOT EXISTS (SELECT 1 FROM runhook.runs WHERE delivery_id = d.id)
    AND NOT EXISTS (SELECT 1 FROM runhook.rollouts WHERE delivery_id = d.id)
    AND NOT EXISTS (SELECT 1 FROM runhook.deliveries WHERE duplicate_of = d.id)
  RETURNING id`

export const unusedConfigs = `
  SELECT hash FROM runhook.configs WHERE used_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED`

/** One look into the index for each text; DISTINCT would read all runs that have it. */
export const configsOfRuns = `
  SELECT hash FROM unnest($1::text[]) AS asked (hash)
  WHERE EXISTS (SELECT 1 FROM runhook.runs WHERE config = asked.hash)`
