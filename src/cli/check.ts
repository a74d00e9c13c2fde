/**
 * `runhook check`: every mistake of a hooks file at once; a file without one as it will be understood.
 * With --explain what it says of one delivery, see explain.ts.
 */

import { RunhookError } from '../errors.ts'
import { formatDuration } from '../hooks/duration.ts'
import type { Config, Role } from '../model/config.ts'
import type { HostName } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import { hookView } from '../show/views.ts'
import { failed, findingsText } from './findings.ts'
import { load, loadValid, near, problemText } from './hook-file.ts'
import { runsWhat, runsWhere, startsOn } from './hook-words.ts'
import { configFile, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Paper, Terminal } from './terminal.ts'
import { displayWidth } from './width.ts'

export interface CheckOptions extends PlaceOptions {
  readonly json?: boolean
  /** Ask of each hook whether it would work here: what doctor asks of it. */
  readonly deep?: boolean
  /** Judge for one machine of a fleet. */
  readonly role?: Role
  /** Only print which commands there are, as an "allow" that allows them all. */
  readonly hashes?: boolean
  /** A delivery's id, or a file with a payload; what stands beneath is for it alone. */
  readonly explain?: string
  readonly hook?: string
  readonly event?: string
  readonly host?: HostName
}

export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  if (options.explain !== undefined) {
    if (options.deep) throw new RunhookError('usage', '--deep asks nothing of a delivery.')
    const { explain } = await import('./explain.ts')
    return explain({ ...options, explain: options.explain }, terminal)
  }
  const stray = (['hook', 'event', 'host'] as const).find((name) => options[name] !== undefined)
  if (stray)
    throw new RunhookError('usage', `--${stray} is for --explain, which says what to judge.`, {
      hint: `Add --explain ID or --explain FILE, or leave --${stray} out.`,
    })
  if (options.hashes) return printHashes(options, terminal)
  const file = configFile(options, terminal)
  const deep = options.deep ? await import('./check-deep.ts') : null
  const acting = deep ? await deep.actAs(options, terminal) : []
  const { config, problems } = await load(file, options, terminal)
  const findings = deep && config ? [...acting, ...(await deep.findingsOf(config))] : []
  if (options.json) {
    const hooks = config ? [...config.hooks.values()].map(hookView) : []
    const found = { file, valid: config !== null, problems, hooks, ...(deep ? { findings } : {}) }
    await terminal.out.write(`${printableJson(found)}\n`)
  } else {
    await terminal.out.write(await problemText(file, problems, terminal, terminal.out))
    if (config) await terminal.out.write(table(config, near(file, terminal), terminal))
    await terminal.out.write(findingsText(findings, terminal.out))
  }
  return config && !failed(findings) ? 0 : 1
}

/** What a worker's "allow" may be, once somebody has read what the hooks run. */
async function printHashes(options: CheckOptions, terminal: Terminal): Promise<number> {
  const { config } = await loadValid(options, terminal)
  const hashes = [...config.hooks.values()].map(({ name, commandHash }) => [name, [commandHash]])
  await terminal.out.write(`${printableJson(Object.fromEntries(hashes))}\n`)
  return 0
}

const columns: readonly Column[] = [
  { title: 'HOOK', least: 16 },
  { title: 'STARTS ON', least: 10 },
  { title: 'PATH', least: 8 },
  { title: 'RUNS', least: 10 },
  { title: 'GROUP', least: 5 },
  { title: 'TIMEOUT' },
]

const fleetColumns: readonly Column[] = [...columns, { title: 'RUNS ON', least: 10 }]

function table(config: Config, file: string, terminal: Terminal): string {
  const hooks = [...config.hooks.values()]
  const count = hooks.length === 1 ? '1 hook' : `${hooks.length} hooks`
  const fleet = config.server.database !== null
  const listed = hooks.length > 0 ? listOf(hooks, terminal.out, fleet) : ''
  return `${terminal.out.style('green', '✓')} ${file} is valid: ${count}\n${listed}`
}

/** Into a file or a pipe nothing is cut, so what is too wide to be read stands there hook by hook. */
const WIDEST = 160

function listOf(hooks: readonly Hook[], paper: Paper, fleet: boolean): string {
  const rows = hooks.map((hook) => rowOf(hook, fleet))
  const shown = renderTable(fleet ? fleetColumns : columns, rows, paper)
  const wide = shown.split('\n').some((line) => displayWidth(line) > WIDEST)
  return paper.columns === null && wide ? rows.map(blockOf).join('') : shown
}

function blockOf({ icon, cells: [name, ...others] }: Row): string {
  const text = (cell: Row['cells'][number] | undefined) =>
    (typeof cell === 'object' ? cell.text : cell) ?? ''
  const lines = others.map((cell, index) => {
    const title = fleetColumns[index + 1]?.title.toLowerCase() ?? ''
    return `    ${title.padEnd(9)}  ${text(cell)}`
  })
  return `${[`${icon.text} ${text(name)}`, ...lines].join('\n')}\n`
}

function rowOf(hook: Hook, fleet: boolean): Row {
  return {
    icon: hook.enabled ? { text: '●', format: 'green' } : { text: '○', format: 'dim' },
    cells: [
      hook.enabled ? hook.name : `${hook.name} (off)`,
      startsOn(hook),
      hook.path,
      runsWhat(hook),
      hook.concurrency.group ?? 'none',
      formatDuration(hook.timeoutMs),
      ...(fleet ? [runsWhere(hook)] : []),
    ],
  }
}
