/**
 * The `.env` beside a hooks file: read, and added to without ever leaving half a file behind. Its values
 * stay here; they are never put into the environment of this process, which every command could read.
 */

import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { messageOf, RunhookError } from '../errors.ts'
import { isDenied, processUser, readTextFile, whose } from './files.ts'

/** Its variables. A file that is not there has none. */
export async function readEnvFile(file: string): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(parseEnv(await textOf(file))))
    if (value !== undefined) values.set(name, value)
  return values
}

/** Adds variables at the end; what is there stays as it is. A new file is for its owner only. */
export async function addToEnvFile(
  file: string,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  const before = await textOf(file)
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  const lines = [...values].map(([name, value]) => `${name}=${value}\n`)
  try {
    // Through a symbolic link, so that the link stays one.
    await replace(await realpath(file).catch(() => file), before + gap + lines.join(''))
  } catch (error) {
    throw new RunhookError('config', `${file} cannot be written: ${messageOf(error)}`, {
      hint: `Fresh secrets were to be kept there; set them yourself: ${[...values.keys()].join(', ')}`,
      cause: error,
    })
  }
}

async function textOf(file: string): Promise<string> {
  const found = await readTextFile(file)
  if ('text' in found) return found.text
  if (found.code === 'ENOENT') return ''
  const holds = `It holds the values of "\${NAME}" in the hooks file.`
  if (!isDenied(found.code))
    throw new RunhookError('config', `${file} cannot be read: ${found.reason}.`, { hint: holds })
  const user = processUser()
  throw new RunhookError('config', `${file} cannot be read by ${user}: ${await whose(file)}.`, {
    hint: `${holds} Run: chown ${user.replace('user ', '')} ${file}`,
  })
}

/** Whole or not at all, also when the power fails on the way. */
async function replace(target: string, text: string): Promise<void> {
  const temporary = `${target}.${randomUUID()}.tmp`
  try {
    await write(temporary, text, await stat(target).catch(() => null))
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function write(
  file: string,
  text: string,
  like: { mode: number; uid: number; gid: number } | null,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    if (like !== null) {
      await handle.chmod(like.mode & 0o770)
      // As root, a file of the server's user must stay readable to that user.
      await handle.chown(like.uid, like.gid).catch(() => undefined)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}
