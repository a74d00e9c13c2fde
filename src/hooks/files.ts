/**
 * Small text files of the operator: the hooks file, `.env`, secrets. Why one cannot be read is told in
 * words; nothing is ever read halfway or with characters replaced.
 */

import { open, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { messageOf, systemCode } from '../errors.ts'
import { accountsHere, belonging, userNamed } from './users.ts'

export type TextFile =
  | { readonly text: string }
  | { readonly reason: string; readonly code: string }

const largest = 1024 * 1024

/** Reasons are the end of a sentence: "FILE cannot be read: it is a folder". */
export async function readTextFile(file: string): Promise<TextFile> {
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      if (size > largest) return { reason: 'it is larger than 1 MB', code: 'EFBIG' }
      return decoded(await handle.readFile())
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (isDenied(code)) return { reason: `${processUser()} may not: ${await whose(file)}`, code }
    return { reason: reasons[code] ?? messageOf(error), code }
  }
}

/** Whether everybody on this machine can read a file. */
export async function isOpen(file: string): Promise<boolean> {
  if (process.platform === 'win32') return false
  const found = await stat(file).catch(() => null)
  return found !== null && (found.mode & 0o004) !== 0
}

/** Whether everybody on this machine can change a file. */
export async function isOpenToWrite(file: string): Promise<boolean> {
  if (process.platform === 'win32') return false
  const found = await stat(file).catch(() => null)
  return found !== null && (found.mode & 0o002) !== 0
}

/** Whether an error's code says that the user of this process may not. */
export function isDenied(code: string): boolean {
  return code === 'EACCES' || code === 'EPERM'
}

/** The name of the user that this process runs as; of one without a name, as in some containers, its number. */
export function processUser(): string {
  const id = process.geteuid?.()
  if (id === undefined) return userInfo().username
  return userNamed(String(id), accountsHere())?.name ?? `user ${id}`
}

/** `it belongs to root, mode 0600`, or what is known of it. */
export async function whose(file: string): Promise<string> {
  const found = await stat(file).catch(() => null)
  return found === null ? 'a folder above it may not be entered' : belonging(found)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EISDIR: 'it is a folder',
}

function decoded(bytes: Buffer): TextFile {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { reason: 'it is not UTF-8 text', code: 'EILSEQ' }
  }
}
