/**
 * From a step and a delivery to what is started: argv, environment, working directory. Pure, and the
 * only door from payload to command: what a stranger wrote becomes the value of a variable whose name
 * is ours, or one whole argument that is no option, and never anything else.
 */

import { at } from '../hosts/fields.ts'
import type { ServerSettings } from '../model/config.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook, Step, Terms } from '../model/hook.ts'
import type { Conclusion, Run } from '../model/run.ts'

export interface CommandSpec {
  /** The program, looked up in the PATH of `env`, and its arguments. */
  readonly argv: readonly [string, ...string[]]
  readonly workingDirectory: string
  /** The whole environment: nothing of the server's own is added. */
  readonly env: Readonly<Record<string, string>>
  /** Left out: as the server runs itself, and nothing is left behind. */
  readonly terms?: Terms
}

export interface Context {
  readonly hook: Hook
  readonly run: Run
  readonly delivery: StoredDelivery
  /** The commit of the last run of this hook for the same ref that succeeded. */
  readonly lastSuccess: string | null
  /** For the steps that follow those of `run`: how they ended, and by which step. */
  readonly after: { readonly status: Conclusion; readonly failedStep: string } | null
  readonly payloadFile: string
  readonly user: { readonly name: string; readonly home: string; readonly shell: string }
  /** TZ of the server; null when it has none. */
  readonly timeZone: string | null
  /** See `runsUrl`. */
  readonly runsUrl: string | null
  /** By which processes of this run are found again. */
  readonly marker: string
  /** The parsed payload. Called only when an item needs it. */
  readonly payload: () => { readonly payload: unknown } | { readonly problem: string }
}

export type ProcessStep = Exclude<Step, { kind: 'signal' }>

const updateValues = ['branch', 'tag', 'ref', 'sha'] as const

type Filled = { readonly value: string } | { readonly problem: string }

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Linux takes no argument and no NAME=value longer than 32 pages, its closing NUL included. */
const LONGEST = 128 * 1024 - 1

/**
 * Where people look at runs, without the number of one: on the dashboard, or in the API where there is none. Null
 * where nobody has said how they reach it. A dashboard that listens elsewhere has taken the API with it.
 */
export function runsUrl({
  dashboard,
  publicUrl,
}: Pick<ServerSettings, 'dashboard' | 'publicUrl'>): string | null {
  if (dashboard === null) return publicUrl === null ? null : `${publicUrl}/api/v1/runs`
  return dashboard.publicUrl === null ? null : `${dashboard.publicUrl}/-/runs`
}

export function commandFor(step: ProcessStep, context: Context): CommandSpec | { problem: string } {
  const filled = step.kind === 'shell' ? shellArgv(step.shell, step.line) : fill(step.argv, context)
  if ('problem' in filled) return filled
  const { argv } = filled
  const env = environmentFor(context)
  const problem = argvProblem(argv) ?? envProblem(env)
  const { workingDirectory, terms } = context.hook
  return problem === null ? { argv, workingDirectory, env, terms } : { problem }
}

/**
 * The whole environment of a command: a fixed set, then the hook's own `env`, then what happened. A
 * value that the delivery does not have is the empty string, so that scripts may say `set -u`.
 */
export function environmentFor(context: Context): Record<string, string> {
  const { hook, user, timeZone, marker } = context
  return {
    PATH: DEFAULT_PATH,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: user.shell,
    LANG: 'C.UTF-8',
    ...(timeZone === null ? {} : { TZ: timeZone }),
    ...hook.env,
    ...happened(context),
    ...inputs(context),
    RUNHOOK_RUN: marker,
  }
}

function happened({ hook, run, delivery, ...context }: Context): Record<string, string> {
  const update = delivery.updates[run.update]
  const url = context.runsUrl === null ? '' : `${context.runsUrl}/${run.id}`
  return {
    HOOK_NAME: hook.name,
    HOOK_EVENT: update?.event ?? run.event,
    HOOK_ACTION: delivery.action ?? '',
    HOOK_REPO: delivery.repository ?? '',
    HOOK_REF: update?.ref ?? '',
    HOOK_BRANCH: update?.branch ?? '',
    HOOK_TAG: update?.tag ?? '',
    HOOK_COMMIT: update?.sha ?? '',
    HOOK_BEFORE: update?.before ?? '',
    HOOK_LAST_SUCCESS: context.lastSuccess ?? '',
    HOOK_STATUS: context.after?.status ?? '',
    HOOK_FAILED_STEP: cut(context.after?.failedStep ?? '', LONGEST - 'HOOK_FAILED_STEP='.length),
    HOOK_SENDER: delivery.sender ?? '',
    HOOK_MESSAGE: cut(update?.message ?? '', LONGEST - 'HOOK_MESSAGE='.length),
    HOOK_DELIVERY: delivery.guid ?? String(delivery.id),
    HOOK_RUN: String(run.id),
    HOOK_RUN_URL: url,
    HOOK_WORKER: run.worker ?? '',
    HOOK_PAYLOAD: context.payloadFile,
  }
}

/** Only inputs that the hook declares: their names come from the config, never from a caller. */
function inputs({ hook, run }: Context): Record<string, string> {
  const isGet = hook.methods.includes('GET')
  const entries = hook.inputs.flatMap(({ name }) => {
    const variable = name.toUpperCase().replaceAll('-', '_')
    const value = inputOf(run, name) ?? ''
    // Also by where it stood, for scripts that know it so; empty when this call had no query.
    const query = isGet ? [[`HOOK_QUERY_${variable}`, run.event === 'get' ? value : '']] : []
    return [[`INPUT_${variable}`, value], ...query]
  })
  return Object.fromEntries(entries)
}

function inputOf(run: Run, name: string): string | null {
  return Object.hasOwn(run.inputs, name) ? (run.inputs[name] ?? null) : null
}

/** The first bytes of a text that make whole characters. */
function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes))
  return text.slice(0, read)
}

/** `-e`: the line ends at the first command of it that fails. */
function shellArgv(shell: string, line: string): { argv: CommandSpec['argv'] } {
  return { argv: [shell, '-e', '-c', line] }
}

function fill(
  [program, ...items]: CommandSpec['argv'],
  context: Context,
): { argv: CommandSpec['argv'] } | { problem: string } {
  const argv: [string, ...string[]] = [program]
  if (program.includes('{{')) return { problem: 'the program to run cannot come from the delivery' }
  for (const item of items) {
    const filled = item.includes('{{') ? fillItem(item, context) : { value: item }
    if ('problem' in filled) return { problem: `argument ${item}: ${filled.problem}` }
    argv.push(filled.value)
  }
  return { argv }
}

function fillItem(item: string, context: Context): Filled {
  const [, name] = /^\{\{\s*([^{}\s]+)\s*\}\}$/.exec(item) ?? []
  if (name === undefined) return { problem: 'a value must be a whole argument' }
  const filled = valueNamed(name, context)
  if ('value' in filled && filled.value.startsWith('-'))
    return { problem: 'the value begins with "-", which would make it an option' }
  return filled
}

function valueNamed(name: string, context: Context): Filled {
  const { delivery, run } = context
  const [head = '', ...keys] = name.split('.')
  const rest = keys.join('.')
  if (head === 'payload') return payloadValue(keys, context)
  if (head === 'header') return known(at(delivery.headers, rest.toLowerCase()))
  if (head === 'inputs') return known(inputOf(run, rest))
  if (name === 'repo') return known(delivery.repository)
  const field = updateValues.find((value) => value === name)
  if (field === undefined) return { problem: 'there is no such value' }
  return known(delivery.updates[run.update]?.[field])
}

function payloadValue(keys: readonly string[], context: Context): Filled {
  const parsed = context.payload()
  return 'problem' in parsed ? parsed : known(at(parsed.payload, ...keys))
}

function known(value: unknown): Filled {
  if (typeof value === 'string') return { value }
  if (typeof value === 'boolean') return { value: String(value) }
  if (typeof value === 'number') return numeral(value)
  if (value === undefined || value === null) return { problem: 'the delivery has no such value' }
  return { problem: 'the value is a list or an object, which cannot be an argument' }
}

/** JSON's larger numbers were rounded when they were parsed: a wrong id is worse than none. */
function numeral(value: number): Filled {
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return { problem: 'the number is too large to be exact' }
  return { value: String(value) }
}

function argvProblem(argv: readonly string[]): string | null {
  for (const [index, item] of argv.entries()) {
    const problem = textProblem(item, LONGEST)
    if (problem !== null) return `argument ${index} of the command ${problem}`
  }
  return null
}

function envProblem(env: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(env)) {
    const problem = textProblem(value, LONGEST - name.length - 1)
    if (problem !== null) return `the value of ${name} ${problem}`
  }
  return null
}

function textProblem(text: string, longest: number): string | null {
  if (text.includes('\0')) return 'has a NUL byte in it, which no command can be given'
  if (text.length * 3 <= longest || Buffer.byteLength(text) <= longest) return null
  return 'is longer than a command can be given (128 KiB). It is also in the file $HOOK_PAYLOAD'
}
