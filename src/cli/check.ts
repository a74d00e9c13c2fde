/**
 * `runhook check`: every mistake of a hooks file at once; a file without one as it will be understood.
 * With --explain what it says of one delivery, see explain.ts.
 */

import { RunhookError } from '../errors.ts'
import { formatDuration } from '../hooks/duration.ts'
import type { Config, Hook, HostName } from '../model.ts'
import { hookView } from '../show/views.ts'
import { load, near, problemText } from './hook-file.ts'
import { runsWhat, startsOn } from './hook-words.ts'
import { configFile, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface CheckOptions extends PlaceOptions {
  readonly json?: boolean
  /** A delivery's id, or a file with a payload; what stands beneath is for it alone. */
  readonly explain?: string
  readonly hook?: string
  readonly event?: string
  readonly host?: HostName
}

export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  if (options.explain !== undefined) {
    const { explain } = await import('./explain.ts')
    return explain({ ...options, explain: options.explain }, terminal)
  }
  const stray = (['hook', 'event', 'host'] as const).find((name) => options[name] !== undefined)
  if (stray)
    throw new RunhookError('usage', `--${stray} is for --explain, which says what to judge.`)
  const file = configFile(options, terminal)
  const { config, problems } = await load(file, options, terminal)
  if (options.json) {
    const hooks = config ? [...config.hooks.values()].map(hookView) : []
    const found = { file, valid: config !== null, problems, hooks }
    await terminal.out.write(`${printableJson(found)}\n`)
  } else {
    await terminal.out.write(await problemText(file, problems, terminal, terminal.out))
    if (config) await terminal.out.write(table(config, near(file, terminal), terminal))
  }
  return config ? 0 : 1
}

const columns: readonly Column[] = [
  { title: 'HOOK', least: 16 },
  { title: 'STARTS ON', least: 10 },
  { title: 'PATH', least: 8 },
  { title: 'RUNS', least: 10 },
  { title: 'GROUP', least: 5 },
  { title: 'TIMEOUT' },
]

function table(config: Config, file: string, terminal: Terminal): string {
  const hooks = [...config.hooks.values()]
  const count = hooks.length === 1 ? '1 hook' : `${hooks.length} hooks`
  const rows = hooks.map(rowOf)
  const listed = rows.length > 0 ? renderTable(columns, rows, terminal.out) : ''
  return `${terminal.out.style('green', '✓')} ${file} is valid: ${count}\n${listed}`
}

function rowOf(hook: Hook): Row {
  return {
    icon: hook.enabled ? { text: '●', format: 'green' } : { text: '○', format: 'dim' },
    cells: [
      hook.enabled ? hook.name : `${hook.name} (off)`,
      startsOn(hook),
      hook.path,
      runsWhat(hook),
      hook.concurrency.group ?? 'none',
      formatDuration(hook.timeoutMs),
    ],
  }
}
