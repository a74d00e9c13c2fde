/**
 * What this process is to a fleet, from the file and the command line. All of it is of use only beside
 * "database"; where that is missing it is an error, for somebody believes that it does something.
 */

import { hostname } from 'node:os'
import { RunhookError } from '../errors.ts'
import type { WorkerSettings } from '../model/config.ts'
import { DEFAULT_LABEL } from '../model/hook.ts'
import { readAllow } from './allow.ts'
import type { FileDraft } from './draft.ts'
import type { Report } from './report.ts'
import { nameSyntax } from './schema-fleet.ts'
import { readSecrets } from './secrets.ts'
import { readDuration } from './surroundings.ts'
import { asList } from './triggers.ts'

/** Options of the command line, which go before the file; but `allow` can only take away. */
export interface WorkerOverrides {
  readonly name?: string
  readonly labels?: readonly string[]
  /** A file that holds an "allow" of its own, out of reach for who may change the hooks file. */
  readonly allow?: string
}

const SHORTEST_LEASE_MS = 10_000
const LONGEST_LEASE_MS = 600_000

export async function readWorker(
  draft: FileDraft,
  overrides: WorkerOverrides,
): Promise<WorkerSettings> {
  const { written, report, secrets } = draft
  const server = written.server ?? {}
  checkAlone(draft, overrides)
  const sealKeys = await readSecrets(['server', 'seal'], server.seal, secrets)
  return {
    name: named('--name', overrides.name) ?? server.name ?? thisMachine(),
    labels: readLabels(server.labels, overrides.labels, report),
    leaseMs: readLease(server.lease, report),
    allow: await readAllow(draft, overrides.allow),
    sealKeys: server.seal === undefined ? null : sealKeys,
  }
}

const keys = ['name', 'labels', 'lease', 'allow', 'seal'] as const
const ADD = `add "database": "\${DATABASE_URL}"`

function checkAlone({ report, role }: FileDraft, overrides: WorkerOverrides): void {
  if (report.given(['server', 'database'])) return
  if (role !== 'all') {
    const lacks =
      role === 'worker' ? 'a worker finds its runs' : 'a server that only receives leaves runs'
    report.error(['server'], `lacks "database": ${lacks} there; ${ADD}`)
  }
  for (const key of keys)
    if (report.given(['server', key]))
      report.error(
        ['server', key],
        `needs "database" beside it: a server alone has no workers; ${ADD}`,
        {
          at: 'key',
        },
      )
  const option = (['name', 'labels', 'allow'] as const).find((key) => overrides[key] !== undefined)
  if (option !== undefined)
    throw new RunhookError(
      'usage',
      `--${option} is for a fleet, and the hooks file has no database.`,
      {
        hint: `In "server" of the hooks file ${ADD}.`,
      },
    )
}

function readLabels(
  written: string | readonly string[] | undefined,
  override: readonly string[] | undefined,
  report: Report,
): string[] {
  const labels = override ?? asList(written ?? DEFAULT_LABEL)
  for (const label of override ?? []) named('--labels', label)
  if (labels.length > 0) return [...new Set(labels)]
  if (override !== undefined) throw new RunhookError('usage', '--labels names none.')
  report.error(['server', 'labels'], 'is an empty list: no hook could run here; name at least one')
  return []
}

/** Of an option; undefined when it was not given. */
function named(option: string, value: string | undefined): string | undefined {
  if (value === undefined || nameSyntax.test(value)) return value
  const found = JSON.stringify(value)
  throw new RunhookError(
    'usage',
    `${option} takes up to 63 letters, digits and . _ -, not ${found}.`,
  )
}

/** Machines may have names that are longer, or with other characters. */
function thisMachine(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[._-]+/, '')
      .slice(0, 63) || 'worker'
  )
}

function readLease(written: string | undefined, report: Report): number {
  if (written === undefined) return 30_000
  const path = ['server', 'lease']
  const ms = readDuration(path, written, report, { zero: false })
  const shown = JSON.stringify(written)
  if (ms > 0 && ms < SHORTEST_LEASE_MS)
    report.error(
      path,
      `${shown} is too short; the shortest is 10s: a worker that is only slow would be given up`,
    )
  if (ms > LONGEST_LEASE_MS)
    report.error(
      path,
      `${shown} is too long; the longest is 10m: so long the runs of a dead worker stand still`,
    )
  return ms
}
