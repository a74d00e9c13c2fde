/**
 * A hooks file to a `Config`. Everything wrong in it is reported in one go, and a config is only given
 * when nothing is an error. Secrets end in the config's `Secret`s and nowhere else.
 */

import { createHash } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import { getNodeValue, type Node, stripComments } from 'jsonc-parser'
import { RunhookError } from '../errors.ts'
import type { Config, Role } from '../model/config.ts'
import { gitHostNames, type HostName } from '../model/delivery.ts'
import type { Hook, Secret } from '../model/hook.ts'
import { warnOfOtherHashes } from './allow.ts'
import { commandHash } from './command-hash.ts'
import type { FileDraft } from './draft.ts'
import { addToEnvFile, readEnvFile } from './env.ts'
import { isOpen, readTextFile } from './files.ts'
import { hiddenValues } from './hidden.ts'
import { readHook } from './hook.ts'
import { checkCredentials } from './host-rules.ts'
import { maskSecrets } from './mask.ts'
import type { Problem } from './problems.ts'
import { createReport, faultProblem, type Report } from './report.ts'
import type { HooksFile } from './schema.ts'
import { readSecrets, type SecretSource } from './secrets.ts'
import { type Overrides, readServer } from './settings.ts'
import { checkShape } from './shape.ts'
import { isTooDeep, linesIn, nodeAt, readTree, unsafeKeys } from './source.ts'
import { checkDefaults, readValuesOf } from './surroundings.ts'
import { checkTerms } from './terms.ts'
import { readValues } from './values.ts'
import { createVariables } from './variables.ts'

export interface LoadOptions {
  /** Makes secrets whose variables are set nowhere, and keeps them in `.env`. */
  readonly createSecrets?: boolean
  /** Default: `all`. What another has no use for is neither read nor asked for, see roles.ts. */
  readonly role?: Role
  readonly overrides?: Overrides
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Loaded {
  /** Null when a problem is an error. */
  readonly config: Config | null
  readonly problems: readonly Problem[]
  /** Names of the variables that were made fresh. */
  readonly created: readonly string[]
  readonly envFile: string
  /** All that was read, or would have been: what to watch for changes. */
  readonly files: readonly string[]
}

/** Rejects with a RunhookError where there is no file to read; mistakes in the file are problems. */
export async function loadConfig(file: string, options: LoadOptions): Promise<Loaded> {
  const path = resolve(file)
  const envFile = join(dirname(path), '.env')
  const text = await readHooksFile(path)
  const { root, faults } = readTree(text)
  if (root === null || faults.length > 0) {
    const problems =
      root === null ? [unread(text)] : faults.map((fault) => faultProblem(text, fault))
    return { config: null, problems, created: [], envFile, files: [path, envFile] }
  }
  const env = await readEnvFile(envFile)
  const variables = createVariables(env, options.environment, {
    createSecrets: options.createSecrets ?? false,
  })
  const report = createReport(text, root, unsafeKeys(root))
  const misnamed = new Map<string, string>()
  const written = checkShape(readValues(root, variables, report, options.role), report, misnamed)
  const draft = { ...(await draftOf(path, written, report, options)), misnamed }
  const read = await readConfig(path, text, root, draft, options)
  const config = { ...read, hidden: hiddenValues(read, draft, variables, options.environment) }
  await warnOfOpenFiles(path, envFile, env, draft)
  const failed = report.problems.some((problem) => problem.severity === 'error')
  const created = failed ? [] : [...variables.fresh.keys()]
  if (created.length > 0) await addToEnvFile(envFile, variables.fresh)
  const files = [path, envFile, ...draft.secrets.files]
  return { config: failed ? null : config, problems: report.problems, created, envFile, files }
}

async function readHooksFile(path: string): Promise<string> {
  const found = await readTextFile(path)
  if ('text' in found && !isTooDeep(found.text)) return found.text
  if ('text' in found)
    throw new RunhookError('config', `${path} is nested too deep to be a hooks file.`)
  if (found.code === 'ENOENT')
    throw new RunhookError('config', `There is no hooks file at ${path}.`, {
      hint: 'Write one, as hooks.example.json shows, or name another with --config FILE.',
    })
  throw new RunhookError('config', `${path} cannot be read: ${found.reason}.`, {
    hint: 'Name the hooks file with --config FILE.',
  })
}

/** Of a text in which there is no value at all. */
function unread(text: string): Problem {
  if (stripComments(text).trim() === '')
    return { ...emptyFile, message: `the file is empty; ${WRITE}` }
  const isYaml = /^(---|[\w"'-]+:)(\s|$)/m.test(text)
  const found = isYaml ? 'this is not JSON; it looks like YAML' : 'this is not JSON'
  return { ...emptyFile, message: `${found}; ${WRITE}` }
}

const WRITE = 'write { "hooks": { … } }'

const emptyFile: Omit<Problem, 'message'> = {
  severity: 'error',
  line: 1,
  column: 1,
  length: 1,
  path: '',
  hint: null,
}

async function draftOf(
  path: string,
  written: HooksFile,
  report: Report,
  { environment, role = 'all' }: LoadOptions,
): Promise<FileDraft> {
  const folder = dirname(path)
  const credentials = environment.CREDENTIALS_DIRECTORY ?? null
  const secrets: SecretSource = {
    folder,
    credentials,
    report,
    files: new Set(),
    names: new Set(),
    literal: false,
  }
  const hosts = new Map<HostName, readonly Secret[]>()
  for (const host of gitHostNames) {
    const unneeded = host === 'sourcehut' || role === 'worker'
    const shared = unneeded ? undefined : written.hosts?.[host]
    if (shared === undefined) continue
    const path = ['hosts', host, 'secret']
    const found = await readSecrets(path, shared.secret, secrets)
    if (host === 'azure') checkCredentials(path, found, report)
    hosts.set(host, found)
  }
  const env = await readValuesOf(written.defaults?.env, ['defaults', 'env'], {
    report,
    secrets,
    role,
  })
  return { folder, written, report, secrets, hosts, role, env }
}

async function readConfig(
  path: string,
  text: string,
  root: Node,
  draft: FileDraft & { readonly misnamed: ReadonlyMap<string, string> },
  { overrides = {}, environment }: LoadOptions,
): Promise<Omit<Config, 'hidden'>> {
  const [masked, lineAt] = [maskSecrets(text), linesIn(text)]
  const hooks = new Map<string, Hook>()
  const [lines, texts] = [new Map<string, number>(), new Map<string, string>()]
  for (const [key, written] of Object.entries(draft.written.hooks ?? {})) {
    const name = draft.misnamed.get(key) ?? key
    const { offset, length } = nodeAt(root, ['hooks', name]) ?? root
    const source = masked.slice(offset, offset + length)
    const config = createHash('sha256').update(source).digest('hex').slice(0, 12)
    const hashes = { config, commandHash: commandHash(name, ...valuesAt(root, name)) }
    hooks.set(name, await readHook(name, written, hashes, draft))
    lines.set(name, lineAt(offset))
    texts.set(config, source)
  }
  checkHooks(hooks, draft.report)
  checkDefaults(draft)
  checkTerms(draft)
  const server = await readServer(draft, overrides, environment.STATE_DIRECTORY)
  if (draft.role !== 'receiver') warnOfOtherHashes({ hooks, ...server }, draft.report)
  return { file: path, role: draft.role, server, hosts: draft.hosts, hooks, lines, texts }
}

/** A hook and the defaults as they are written, before variables are filled in. */
function valuesAt(root: Node, name: string): [hook: unknown, defaults: unknown] {
  const [hook, defaults] = [nodeAt(root, ['hooks', name]), nodeAt(root, ['defaults'])]
  return [hook && getNodeValue(hook), defaults && getNodeValue(defaults)]
}

function checkHooks(hooks: ReadonlyMap<string, Hook>, report: Report): void {
  if (!report.given(['hooks'])) report.error([], 'needs "hooks": an object of hooks by name')
  else if (hooks.size === 0 && report.problems.length === 0)
    report.warn(['hooks'], 'is empty: nothing will ever run')
  const taken = new Map<string, string>()
  for (const { name, path } of hooks.values()) {
    const other = taken.get(path)
    if (other === undefined) taken.set(path, name)
    else report.error(['hooks', name, 'url'], `answers at ${path}, as hooks.${other} does already`)
  }
}

async function warnOfOpenFiles(
  path: string,
  envFile: string,
  env: ReadonlyMap<string, string>,
  { report, secrets }: FileDraft,
): Promise<void> {
  const advice = 'can be read by everybody on this machine and holds a secret; chmod 600 it'
  if (secrets.literal && (await isOpen(path))) report.warn([], `${basename(path)} ${advice}`)
  const kept = [...secrets.names].some((name) => env.has(name))
  if (kept && (await isOpen(envFile))) report.warn([], `${basename(envFile)} ${advice}`)
}
