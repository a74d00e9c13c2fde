/**
 * Somebody has the password of the database of a sealed fleet, and nothing else. What he writes there is not carried
 * out, and opens nothing: see "Trust" of docs/fleet.md. Each way that was tried is a test near what closes it; these
 * are those that led through several processes.
 */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { connected } from '../postgres/connected.ts'
import { aDatabase, onPostgres as test } from '../postgres/database.ts'
import { deceives } from '../postgres/deceiving.ts'
import { SECRET, until } from '../some.ts'
import { aCluster, deliver } from './cluster.ts'

const hook = { repo: 'github:acme/site', on: 'push', secret: SECRET, concurrency: false }
const says = 'echo "$HOOK_NAME $HOOK_SENDER" >> ran'

/** A copy of the first run of this hook whose delivery is of his. `more`: columns of the run. */
const forged = (name: string, more: string) => `
  CREATE TEMP TABLE d ON COMMIT DROP AS SELECT * FROM runhook.deliveries ORDER BY id LIMIT 1;
  UPDATE d SET id = nextval('runhook.deliveries_id_seq'), guid_key = NULL, sender = 'mallory';
  INSERT INTO runhook.deliveries SELECT * FROM d;
  CREATE TEMP TABLE r ON COMMIT DROP AS SELECT * FROM runhook.runs WHERE hook = '${name}' ORDER BY id LIMIT 1;
  UPDATE r SET id = nextval('runhook.runs_id_seq'), delivery_id = (SELECT id FROM d), sender = 'mallory';
  UPDATE r SET unit = id, ${more};
  INSERT INTO runhook.runs SELECT * FROM r;`

test('what is made up to be retried or caught up with is not sealed by a server or a worker', {
  timeout: 60_000,
}, async () => {
  const url = await aDatabase()
  const hooks = {
    deploy: { ...hook, run: says, retry: { times: 2, delay: '1s', on: ['interrupted'] } },
    all: { ...hook, run: says, 'runs-on': { every: 'default' }, 'catch-up': true },
  }
  const cluster = aCluster({
    url,
    hooks,
    server: { seal: `seal ${SECRET}`, allow: ['deploy', 'all'] },
  })
  const receiver = await cluster.receiver('receiver')
  await cluster.worker('one')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  const file = join(cluster.directory, 'ran')
  const ran = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').sort() : [])
  const both = async () => {
    for (const name of ['deploy', 'all']) await deliver(() => [receiver.port], name, 1, new Map())
  }
  await both()
  await until(() => ran().length === 3, 'the first two runs')

  const worker = `status = 'running', finished_at = NULL, job = gen_random_uuid(), worker = 'gone'`
  await client.query(`BEGIN; ${forged('deploy', worker)}
    INSERT INTO runhook_boss.job (name, data, policy)
      SELECT 'lost', json_build_object('run', id, 'of', job), 'standard' FROM r; COMMIT`)
  const away = `status = 'cancelled', started_at = NULL, rollout = id, worker = 'none'`
  await client.query(`BEGIN; ${forged('all', away)}
    CREATE TEMP TABLE o ON COMMIT DROP AS SELECT * FROM runhook.rollouts LIMIT 1;
    UPDATE o SET (id, delivery_id) = (SELECT id, delivery_id FROM r);
    INSERT INTO runhook.rollouts SELECT * FROM o; DELETE FROM runhook.workers; COMMIT`)
  const found = async (sql: string) => (await client.query(sql)).rows
  const lost = `SELECT reason FROM runhook.runs WHERE worker = 'gone' AND status = 'interrupted'`
  await until(async () => (await found(lost)).length > 0, 'the end of what was made up')
  expect((await found(lost))[0].reason).toContain('; not run again: its seal does not fit')
  await until(async () => (await found('SELECT FROM runhook.workers')).length > 0, 'the worker')

  await both()
  await until(() => ran().length === 5, 'the next two runs')
  expect(ran()).toEqual(['', 'all ada', 'all ada', 'deploy ada', 'deploy ada'])
})

test('no cookie is the session of an admin because the database says so', async () => {
  const url = await aDatabase()
  const hooks = { deploy: { ...hook, run: says } }
  const receiver = await aCluster({ url, hooks, server: { seal: `seal ${SECRET}` } }).receiver(
    'one',
  )
  const at = (path: string) => `http://127.0.0.1:${receiver.port}${path}`
  const link = /\/-\/link\/[A-Za-z0-9_-]{43}/.exec(receiver.output())?.[0] ?? ''
  const own = {
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  }
  const first = { method: 'POST', headers: own, body: 'name=ada', redirect: 'manual' } as const
  expect((await fetch(at(link), first)).status).toBe(303)
  const value = 'A'.repeat(43)
  const digest = createHash('sha256').update(value).digest()
  await deceives(connected(url), 'sessions', 'hash', digest)
  const headers = { cookie: `runhook=${value}` }
  for (let tries = 0; tries < 3; tries++)
    expect((await fetch(at('/-/account'), { headers, redirect: 'manual' })).status).toBe(303)
})
