/**
 * Which hooks file, and where the server that uses it keeps its things. The data folder is found without
 * loading the hooks: a person who may look at runs need not be able to read the secrets.
 */

import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'jsonc-parser'
import { RunhookError, systemCode } from '../errors.ts'
import { readEnvFile } from '../hooks/env.ts'
import { createVariables } from '../hooks/variables.ts'
import { type Client, createClient, socketWay } from './client.ts'
import type { Terminal } from './terminal.ts'

export interface PlaceOptions {
  readonly config?: string
  readonly data?: string
  /** One that is reached over the network instead. */
  readonly server?: string
}

/** The one that was said, in words or by $RUNHOOK_CONFIG; else ./hooks.json, or the example where only that is there. */
export function configFile(options: PlaceOptions, terminal: Terminal): string {
  const said = options.config ?? (terminal.environment.RUNHOOK_CONFIG || undefined)
  if (said !== undefined) return resolve(terminal.folder, said)
  const own = join(terminal.folder, 'hooks.json')
  const example = join(terminal.folder, 'hooks.example.json')
  return !existsSync(own) && existsSync(example) ? example : own
}

export async function connect(options: PlaceOptions, terminal: Terminal): Promise<Client> {
  if (options.server !== undefined) {
    const { networkWay } = await import('./remote.ts')
    return createClient(await networkWay(options.server, terminal))
  }
  const socket = join(await dataFolder(options, terminal), 'runhook.sock')
  refuseMissing(options, socket, terminal)
  return createClient(socketWay(socket, terminal.user))
}

/** A file that was named and is not there is why no server is found beside it. */
function refuseMissing(options: PlaceOptions, socket: string, terminal: Terminal): void {
  const file = configFile(options, terminal)
  const isNamed = options.data === undefined && options.config !== undefined
  if (!isNamed || !isMissing(file) || !isMissing(socket)) return
  throw new RunhookError(
    'unreachable',
    `There is no hooks file at ${file}, and no server beside it.`,
    {
      hint: 'Name that of the server with --config FILE, or its data folder with --data FOLDER.',
    },
  )
}

/** Not what may not be looked at. */
function isMissing(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')
  }
}

/** As hooks/settings.ts decides it: --data, `server.data` of the file, $STATE_DIRECTORY, .runhook. */
export async function dataFolder(options: PlaceOptions, terminal: Terminal): Promise<string> {
  if (options.data !== undefined) return resolve(terminal.folder, options.data)
  const file = configFile(options, terminal)
  const state = terminal.environment.STATE_DIRECTORY?.split(':')[0]
  return resolve(dirname(file), (await writtenData(file, terminal)) ?? (state || '.runhook'))
}

/** Whether the hooks file names a database; what it is, is known only to who may read its secrets. */
export async function namesDatabase(options: PlaceOptions, terminal: Terminal): Promise<boolean> {
  const written = field(await writtenServer(configFile(options, terminal)), 'database')
  return written !== undefined && written !== null
}

/** A file that is missing or broken says nothing; the server, not we, complains of it. */
async function writtenServer(file: string): Promise<unknown> {
  return field(parse(await readFile(file, 'utf8').catch(() => '{}')), 'server')
}

async function writtenData(file: string, terminal: Terminal): Promise<string | null> {
  const written = field(await writtenServer(file), 'data')
  if (typeof written !== 'string') return null
  const env = await readEnvFile(join(dirname(file), '.env')).catch(() => new Map())
  const variables = createVariables(env, terminal.environment, { createSecrets: false })
  const filled = variables.fill(written, { secret: false })
  return 'text' in filled ? filled.text : null
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}
