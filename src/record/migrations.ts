/**
 * The SQLite schema, as numbered steps that only go forward. A step that has been released is never
 * edited: a new one is added below it. `user_version` says how many have been taken.
 */

import type { DatabaseSync } from 'node:sqlite'
import { RunhookError } from '../errors.ts'
import { accessStep, identityStep } from './migration-access.ts'
import { retentionStep } from './migration-retention.ts'

const steps: readonly string[] = [
  `
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    host TEXT NOT NULL,
    guid TEXT,
    event TEXT NOT NULL,
    action TEXT,
    repository TEXT,
    default_branch TEXT,
    sender TEXT,
    updates TEXT NOT NULL,
    proof TEXT NOT NULL,
    address TEXT NOT NULL,
    headers TEXT NOT NULL,
    problem TEXT,
    duplicate_of INTEGER REFERENCES deliveries (id),
    verdicts TEXT NOT NULL,
    -- Only of pushes and tags that started a run: what a replay is compared with.
    body_hash BLOB,
    body BLOB NOT NULL
  ) STRICT;

  CREATE UNIQUE INDEX deliveries_by_guid ON deliveries (endpoint, guid)
    WHERE guid IS NOT NULL AND duplicate_of IS NULL;
  CREATE INDEX deliveries_by_original ON deliveries (duplicate_of) WHERE duplicate_of IS NOT NULL;
  CREATE INDEX deliveries_by_body ON deliveries (body_hash) WHERE body_hash IS NOT NULL;

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    hook TEXT NOT NULL,
    update_index INTEGER NOT NULL,
    concurrency_group TEXT,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    exit_code INTEGER,
    signal TEXT,
    reason TEXT,
    config TEXT NOT NULL,
    event TEXT NOT NULL,
    ref_name TEXT,
    sha TEXT,
    sender TEXT,
    inputs TEXT NOT NULL,
    output_bytes INTEGER NOT NULL DEFAULT 0,
    output_cut INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE INDEX runs_by_delivery ON runs (delivery_id);
  CREATE INDEX runs_by_hook ON runs (hook, id);
  CREATE INDEX runs_ended_badly ON runs (status, id)
    WHERE status IN ('failure', 'timed_out', 'cancelled', 'interrupted');
  CREATE INDEX runs_unfinished ON runs (concurrency_group, status)
    WHERE status IN ('queued', 'running');
  -- The database makes it true, not our code: runs of one group never overlap.
  CREATE UNIQUE INDEX runs_one_at_a_time ON runs (concurrency_group)
    WHERE status = 'running' AND concurrency_group IS NOT NULL;

  CREATE TABLE steps (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    exit_code INTEGER,
    signal TEXT,
    output_from INTEGER NOT NULL,
    output_to INTEGER,
    PRIMARY KEY (run_id, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE configs (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
  ) STRICT;

  CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;
  `,
  `
  -- The host's id without its case and spaces, for an id that differs in those alone is no new one. Of
  -- ids that were told apart by them before, the first stays the original.
  ALTER TABLE deliveries ADD COLUMN guid_key TEXT;
  DROP INDEX deliveries_by_guid;
  CREATE UNIQUE INDEX deliveries_by_guid ON deliveries (endpoint, guid_key)
    WHERE guid_key IS NOT NULL AND duplicate_of IS NULL;
  UPDATE OR IGNORE deliveries SET guid_key = lower(replace(guid, ' ', '')) WHERE guid IS NOT NULL;
  CREATE INDEX deliveries_by_guid_key ON deliveries (guid_key) WHERE guid_key IS NOT NULL;

  CREATE TABLE refusals (
    minute INTEGER NOT NULL,
    address TEXT NOT NULL,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (minute, address, path, reason)
  ) STRICT, WITHOUT ROWID;
  `,
  retentionStep,
  `
  ALTER TABLE runs ADD COLUMN retry TEXT;
  ALTER TABLE runs ADD COLUMN not_before INTEGER;

  -- Written with OR, because of an index on "status IN (…)" SQLite makes no use for "status = …".
  DROP INDEX runs_unfinished;
  CREATE INDEX runs_unfinished ON runs (status, concurrency_group, hook, ref_name)
    WHERE status = 'queued' OR status = 'running';
  CREATE INDEX runs_by_success ON runs (hook, ref_name, finished_at)
    WHERE status = 'success' AND sha IS NOT NULL;

  ALTER TABLE steps ADD COLUMN phase TEXT NOT NULL DEFAULT 'run';
  ALTER TABLE steps ADD COLUMN name TEXT;
  ALTER TABLE steps ADD COLUMN status TEXT;
  ALTER TABLE steps ADD COLUMN reason TEXT;
  -- Until now the first step that failed was the last, and made the end of its run.
  UPDATE steps SET status = CASE exit_code WHEN 0 THEN 'success'
    ELSE (SELECT runs.status FROM runs WHERE runs.id = run_id) END WHERE finished_at IS NOT NULL;
  `,
  accessStep,
  `
  -- Lists of runs of one event or one branch, newest first: a rare one must not cost a walk over all runs.
  CREATE INDEX runs_by_event ON runs (event, id);
  CREATE INDEX runs_by_ref ON runs (ref_name, id) WHERE ref_name IS NOT NULL;
  `,
  `
  -- How its sender was answered; null where he was not, or by a release that did not keep it.
  ALTER TABLE deliveries ADD COLUMN answer TEXT;
  `,
  identityStep,
  `
  CREATE INDEX runs_by_sender ON runs (sender, id) WHERE sender IS NOT NULL;
  `,
]

/** How many steps this release knows. */
export const SCHEMA = steps.length

/** The number of steps taken; 0 = there is nothing of ours. */
export function schemaOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0)
}

/**
 * Brings an open database to this release's schema, or refuses one that a newer release wrote. `to` is
 * for tests, which make the database of an older release with it.
 */
export function migrate(database: DatabaseSync, to = steps.length): void {
  const version = schemaOf(database)
  if (version > steps.length) {
    throw new RunhookError(
      'storage',
      `The database is at schema ${version}, this release knows ${steps.length}.`,
      { hint: 'Refusing to start: run the newer release, or restore a backup.' },
    )
  }
  for (const [index, step] of steps.entries()) {
    if (index < version || index >= to) continue
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}
