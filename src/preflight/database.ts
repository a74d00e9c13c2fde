/** The database of a fleet: whether it can be reached and used, and whether anybody runs what the hooks ask for. */

import { messageOf, RunhookError } from '../errors.ts'
import type { Config } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import { type Facts, factsOf, type KnownWorker } from '../postgres/facts.ts'
import { SCHEMA } from '../postgres/schema.ts'
import { Redactor } from '../record/redact.ts'
import { error, type Finding, ok, warning } from './finding.ts'

/** Nothing without a database. Never rejects; takes some seconds where there is no way to it. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  const { database } = config.server
  if (database === null) return []
  const where = placeOf(database)
  try {
    const facts = await factsOf(database)
    return [
      ...factFindings(facts, where),
      ...checkLabels([...config.hooks.values()], facts.workers),
    ]
  } catch (thrown) {
    const hidden = Redactor.of(config.hidden)
    const said = messageOf(thrown).replace(/\.$/, '')
    const hint = thrown instanceof RunhookError && thrown.hint ? [thrown.hint] : []
    return [error('database', `${hidden?.text(said) ?? said} (${where})`, ...hint)]
  }
}

/** Its name for people; never who logs in, nor with what. */
function placeOf(database: string): string {
  const { hostname, port, searchParams, pathname } = new URL(database)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  const name = decodeURIComponent(pathname.slice(1)) || searchParams.get('database')
  return `${name} at ${host || 'localhost'}${port === '' ? '' : `:${port}`}`
}

const OLDEST = { number: 130_000, name: 13 }
const SKEW_MS = 5000

/** What the server said, judged. */
export function factFindings(facts: Facts, where: string): Finding[] {
  const { version, versionNumber, readOnly, fsync, superuser, user } = facts
  const wrong = [
    ...(versionNumber < OLDEST.number
      ? [error('database', `PostgreSQL ${version} is too old; ${OLDEST.name} or newer is needed`)]
      : []),
    ...(readOnly
      ? [error('database', `${where} can only be read: it is a standby, or was made read-only`)]
      : []),
    ...(fsync ? [] : [error('database', FSYNC, 'fsync = on in postgresql.conf')]),
    ...schemaFindings(facts),
  ]
  const fine = ok('database', `PostgreSQL ${version} answers: ${where}, schema ${facts.schema}`)
  return [
    ...(wrong.length === 0 ? [fine] : wrong),
    ...(facts.notifies ? [] : [warning('database', DEAF, DIRECT)]),
    ...(superuser
      ? [warning('database', superuserText(user), 'see "Trust" in docs/fleet.md')]
      : []),
    ...(Math.abs(facts.skewMs) > SKEW_MS
      ? [warning('database-clock', skewText(facts.skewMs), NTP)]
      : []),
  ]
}

const FSYNC = 'the database has fsync off: a crash of its machine loses what senders were promised'
const DEAF = 'no NOTIFY comes back: runs start, and logs move, seconds late'
const DIRECT = 'connect to PostgreSQL itself, or through a pooler in session mode'
const NTP = 'timedatectl set-ntp true'

function superuserText(user: string): string {
  return `${user} is a superuser of the database server, and may do far more than runhook needs`
}

function skewText(skewMs: number): string {
  const far = `${Math.round(Math.abs(skewMs) / 1000)} s`
  return `this machine's clock is ${far} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the database: times of runs will not agree`
}

function schemaFindings({ schema, user }: Facts): Finding[] {
  const migrate = 'runhook migrate   (with a database user who may create tables)'
  if (schema === SCHEMA) return []
  if (schema === null)
    return [
      error('schema', `${user} may not read the tables of runhook`, 'see "Trust" in docs/fleet.md'),
    ]
  if (schema === 0) return [error('schema', 'the database has no tables of runhook yet', migrate)]
  const found = `the database is at schema ${schema}, and this release has ${SCHEMA}`
  return [
    schema < SCHEMA ? error('schema', found, migrate) : error('schema', found, 'update runhook'),
  ]
}

/** Hooks that would wait, or be skipped, because nobody is there who has their label. */
export function checkLabels(hooks: readonly Hook[], workers: readonly KnownWorker[]): Finding[] {
  return hooks.flatMap(({ name, enabled, placement: { label } }) => {
    const having = workers.filter(({ labels }) => labels.includes(label))
    if (!enabled || having.some(({ alive }) => alive)) return []
    const away = having.map((worker) => worker.name).join(', ')
    const found = `hook ${name} waits for the label "${label}", and ${having.length === 0 ? 'no worker has it' : `who has it is away: ${away}`}`
    return [warning('label', found, `runhook worker --labels ${label}`)]
  })
}
