/**
 * Which hooks a worker ever runs: from its hooks file, and from a file that the command line names. Both must
 * allow a hook, so that whoever may change the hooks file cannot lift what the other says.
 */

import { resolve } from 'node:path'
import { getNodeValue } from 'jsonc-parser'
import * as v from 'valibot'
import { RunhookError } from '../errors.ts'
import type { WorkerSettings } from '../model/config.ts'
import type { FileDraft } from './draft.ts'
import { isOpenToWrite, readTextFile } from './files.ts'
import type { Report } from './report.ts'
import { type AllowWritten, allow } from './schema-fleet.ts'
import { readTree, unsafeKeys } from './source.ts'
import { suggest } from './suggest.ts'

type Allow = NonNullable<WorkerSettings['allow']>

export async function readAllow(
  { written, report, secrets }: FileDraft,
  file: string | undefined,
): Promise<Allow | null> {
  // What the schema has refused may be anything; the file is not used then.
  const isRefused = report.problems.some(({ path }) => path.startsWith('server.allow'))
  const own = isRefused ? undefined : written.server?.allow
  if (own !== undefined) checkAllow(own, Object.keys(written.hooks ?? {}), report)
  const here = own === undefined ? null : mapOf(own)
  if (file === undefined) return here
  const path = resolve(file)
  secrets.files.add(path)
  return both(here, mapOf(await readAllowFile(path)))
}

function mapOf(written: AllowWritten): Allow {
  if (Array.isArray(written)) return new Map(written.map((name) => [name, 'any']))
  return new Map(Object.entries(written))
}

/** What the two have in common. Lists of hashes that share none leave an empty one, which allows nothing. */
function both(first: Allow | null, second: Allow): Allow {
  if (first === null) return second
  return new Map(
    [...first].flatMap(([name, hashes]) => {
      const others = second.get(name)
      if (others === undefined) return []
      if (hashes === 'any') return [[name, others] as const]
      return [[name, others === 'any' ? hashes : hashes.filter((hash) => others.includes(hash))]]
    }),
  )
}

/** An empty list is a way to run nothing for now; an empty list of hashes is nearly always a slip. */
function checkAllow(written: AllowWritten, hooks: readonly string[], report: Report): void {
  const at = ['server', 'allow']
  const names = Array.isArray(written) ? written : Object.keys(written)
  if (names.length === 0) report.warn(at, 'allows nothing: this worker runs no hook at all')
  for (const [index, name] of names.entries()) {
    const here = [...at, Array.isArray(written) ? index : name]
    // A list in a list is to the schema an object of hashes.
    if (typeof name !== 'string') {
      report.error(here, 'is no name of a hook; write ["blog"] or { "blog": "any" }')
      continue
    }
    const hashes = Array.isArray(written) ? 'any' : written[name]
    if (hashes?.length === 0)
      report.error(here, 'is an empty list, which no text fits; write "any", or its hash')
    if (hooks.includes(name)) continue
    const meant = suggest(name, hooks)
    report.warn(here, `names ${JSON.stringify(name)}, and this file has no such hook`, {
      hint: meant === null ? null : `did you mean "${meant}"?`,
    })
  }
}

/** Says beforehand which hooks are allowed by their names, but not as they are written. */
export function warnOfOtherHashes(
  {
    hooks,
    worker,
  }: {
    readonly hooks: ReadonlyMap<string, { commandHash: string }>
    readonly worker: WorkerSettings
  },
  report: Report,
): void {
  for (const [name, hashes] of worker.allow ?? []) {
    const hash = hooks.get(name)?.commandHash
    if (hash === undefined || hashes === 'any' || hashes.includes(hash) || hashes.length === 0)
      continue
    report.warn(
      ['hooks', name],
      `has a hash that "allow" does not list, so this worker does not run it: ${hash}`,
      {
        at: 'key',
        hint: 'read what it runs, then list its hash; "runhook check --hashes" prints all',
      },
    )
  }
}

/** Its own words for what is wrong: it is no hooks file, and has no place in one. */
async function readAllowFile(path: string): Promise<AllowWritten> {
  const found = await readTextFile(path)
  if ('reason' in found)
    throw new RunhookError('config', `--allow: ${path} cannot be read: ${found.reason}.`, {
      hint: MAKE,
    })
  const { root, faults } = readTree(found.text)
  const isClean = root !== null && faults.length + unsafeKeys(root).length === 0
  const checked = v.safeParse(allow, isClean ? getNodeValue(root) : undefined)
  if (!checked.success)
    throw new RunhookError(
      'config',
      `--allow: ${path} is no JSON of hooks and hashes, such as { "blog": "any" }.`,
      { hint: MAKE },
    )
  if (await isOpenToWrite(path))
    throw new RunhookError('config', `--allow: everybody on this machine may write ${path}.`, {
      hint: `chmod go-w ${path}`,
    })
  return checked.output
}

const MAKE = 'Make one: runhook check --hashes > allow.json'
