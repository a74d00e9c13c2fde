/**
 * What somebody who can write the database may do to a fleet: he can start, delay and forge, as "Trust" of
 * docs/fleet.md says, but no row and no word ends a process, or keeps it from the work of others.
 */

import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { aDatabase, onPostgres, PASSWORD } from '../postgres/database.ts'
import { until } from '../some.ts'
import { aCluster, deliver, groupHook, rows, unfinished } from './cluster.ts'
import { inTurn } from './ordeals.ts'

const jobs = [
  'null',
  '"text"',
  '[]',
  '{}',
  '{"run": "1"}',
  '{"run": 1.5}',
  '{"run": 1e300}',
  '{"run": 1e19}',
  '{"run": 9007199254740993}',
  '{"run": -5}',
  '{"run": 0}',
  '{"run": 1}',
  '{"run": 99999999}',
  '{"run": 1, "of": {}}',
  '{"run": 1, "of": "no uuid"}',
]

/** Each is what a waiting run of the hook `g0` is made to be, or its delivery. */
const runs = [
  `inputs = 'no JSON'`,
  `inputs = 'null'`,
  `inputs = '[]'`,
  `inputs = '{"a": {"b": 1}}'`,
  `inputs = '{"__proto__": "x", "a": "\\u0000"}'`,
  `retry = '"x"'`,
  `retry = '{"run": "x", "number": -100000, "times": null}'`,
  `attempt = -1`,
  `update_index = -1`,
  `update_index = 2147483647`,
  `hook = ''`,
  `hook = repeat('x', 30000)`,
  `hook = '__proto__'`,
  `event = repeat('x', 30000)`,
  `sha = 'no commit', ref_name = '$(touch pwned)'`,
  `queued_at = 9223372036854775807`,
  `not_before = -9223372036854775808`,
  `output_bytes = -1, output_cut = 9223372036854775807`,
  `max_parallel = -1`,
  `label = repeat('x', 5000)`,
  `rollout = 9223372036854775807`,
  `rollout = id, unit = id, worker = repeat('w', 5000)`,
  `seal = decode('00', 'hex')`,
]
const deliveries = [
  `updates = 'no JSON'`,
  `updates = 'null'`,
  `updates = '{}'`,
  `updates = '[null]'`,
  `updates = '[{"event": 5, "branch": {"a": 1}, "files": "x", "message": []}]'`,
  `updates = '[{"event": "push", "files": [1, null, {"a": "b"}], "commits": "x"}]'`,
  `headers = 'null'`,
  `headers = '[1]'`,
  `headers = '{"x": 5, "y": null}'`,
  `verdicts = '{"a": 1}'`,
  `verdicts = 'no JSON'`,
  `host = 'nowhere'`,
  `received_at = 9223372036854775807`,
  `guid = repeat('x', 30000)`,
  `body = decode(repeat('00', 1000000), 'hex')`,
]

const hand = async (client: pg.Client, sql: string): Promise<boolean> =>
  client.query(sql).then(
    () => true,
    () => false, // the tables themselves refuse it
  )

onPostgres(
  'no row, job or word that somebody makes up ends a process or holds up the work of others',
  { timeout: 240_000 },
  async () => {
    const url = await aDatabase()
    const cluster = aCluster({
      url,
      hooks: {
        g0: groupHook('g0', ':', { concurrency: { group: '$HOOK_REPO', queue: 'max' } }),
        g1: groupHook('g1', ':'),
        alone: groupHook('alone', ':', { concurrency: false }),
      },
    })
    const receiver = await cluster.receiver('receiver')
    const acknowledged = new Map<string, string>()
    const send = (hook: string, count = 1) =>
      deliver(() => [receiver.port], hook, count, acknowledged)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    await send('g0', 1) // its delivery and run are copied
    await spoil(client)
    await send('g1', 2)
    const workers = await inTurn(2, (i) => cluster.worker(`worker-${i}`))
    await send('g1', 3)
    await send('alone', 5)
    await jobsOfNobody(client)
    await words(client)
    await send('alone', 5)
    await until(
      async () => (await ended(url, "hook IN ('g1', 'alone')")) === 15,
      'the end of all good runs',
      90_000,
    )
    await until(async () => (await unfinished(url)) === 0, 'an end of all bad runs too', 60_000)
    for (const { child } of [receiver, ...workers]) expect(child.exitCode).toBe(null)
    cluster.checkOutputs()
    const data = join(cluster.directory, 'data', 'receiver')
    for (const what of ['runs', 'deliveries', 'workers', 'rollouts'])
      expect(await receiver.cli(what, '--data', data, '--json')).toMatchObject({ code: 0 })
    // Nothing of it is left in the way of a next life.
    for (const worker of workers) expect(await worker.stop()).toBe(0)
    const again = await cluster.worker('worker-0')
    await send('alone', 1)
    await until(async () => (await ended(url, "hook = 'alone'")) === 11, 'one more run', 30_000)
    expect(await again.stop()).toBe(0)
    expect(cluster.outputs().join('')).not.toContain(PASSWORD)
    expect(cluster.outputs().join('')).not.toContain(encodeURIComponent(PASSWORD))
  },
)

async function ended(url: string, where: string): Promise<number> {
  const [row] = await rows<{ n: number }>(
    url,
    `SELECT count(*)::int AS n FROM runhook.runs WHERE status = 'success' AND ${where}`,
  )
  return row?.n ?? 0
}

/** A copy of the first delivery and its run for each, sent to the workers as a receiver would. */
async function spoil(client: pg.Client): Promise<void> {
  const made: string[] = []
  for (const [index, [where, change]] of [
    ...runs.map((text) => ['runs', text] as const),
    ...deliveries.map((text) => ['deliveries', text] as const),
  ].entries()) {
    const id = 1000 + index
    const ok = await hand(
      client,
      `BEGIN;
      CREATE TEMP TABLE d ON COMMIT DROP AS SELECT * FROM runhook.deliveries WHERE id = 1;
      UPDATE d SET id = ${id}, guid_key = NULL;
      ${where === 'deliveries' ? `UPDATE d SET ${change};` : ''}
      INSERT INTO runhook.deliveries SELECT * FROM d;
      CREATE TEMP TABLE r ON COMMIT DROP AS SELECT * FROM runhook.runs WHERE id = 1;
      UPDATE r SET id = ${id}, unit = ${id}, delivery_id = ${id}, status = 'queued', job = gen_random_uuid(),
        concurrency_group = 'bad ${id}';
      ${where === 'runs' ? `UPDATE r SET ${change};` : ''}
      INSERT INTO runhook.turns SELECT concurrency_group, unit FROM r;
      INSERT INTO runhook.runs SELECT * FROM r;
      INSERT INTO runhook_boss.job (id, name, data, heartbeat_seconds, expire_seconds, retry_limit, dead_letter, policy)
        SELECT r.job, 'label.default', json_build_object('run', r.id), 10, 2147483647, 0, 'lost', 'standard' FROM r;
      COMMIT`,
    )
    if (!ok) await client.query('ROLLBACK')
    else made.push(change)
  }
  expect(made.length).toBeGreaterThan(20)
}

async function jobsOfNobody(client: pg.Client): Promise<void> {
  let made = 0
  for (const data of jobs)
    for (const queue of ['label.default', 'worker.worker-0', 'lost'])
      if (
        await hand(
          client,
          `INSERT INTO runhook_boss.job (name, data, heartbeat_seconds, expire_seconds, retry_limit, dead_letter, policy)
            VALUES ('${queue}', '${data}', 10, 2147483647, 0, ${queue === 'lost' ? 'NULL' : `'lost'`}, 'standard')`,
        )
      )
        made++
  expect(made).toBe(jobs.length * 3)
}

async function words(client: pg.Client): Promise<void> {
  const payloads = [
    '',
    ' ',
    'wake',
    'move',
    'move x',
    `move ${'9'.repeat(400)}`,
    'cancel -1',
    '\u0001\uffff',
  ]
  payloads.push(
    'x'.repeat(7999),
    `wake ${'label.default '.repeat(500)}`,
    'echo',
    'cancel 1\n'.repeat(800),
  )
  for (const payload of payloads)
    for (let i = 0; i < 20; i++)
      await client.query('SELECT pg_notify($1, $2)', ['runhook', payload])
}
