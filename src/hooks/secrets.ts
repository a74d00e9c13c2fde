/**
 * The values of `secret` and `token`: from a variable, a file, or a systemd credential. Refuses what is
 * empty or short enough to be guessed. Messages name the setting, never the value.
 */

import { basename, join, resolve } from 'node:path'
import type { Secret } from '../model/hook.ts'
import { isOpen, readTextFile } from './files.ts'
import { isReference } from './mask.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { SecretsWritten, SecretWritten } from './schema-parts.ts'
import { namesIn } from './variables.ts'

/** Where secrets come from, and what was used of it. */
export interface SecretSource {
  readonly folder: string
  /** systemd's $CREDENTIALS_DIRECTORY. */
  readonly credentials: string | null
  readonly report: Report
  /** Files that were read. */
  readonly files: Set<string>
  /** Variables that were used. */
  readonly names: Set<string>
  /** Set when a secret stands in the hooks file itself. */
  literal: boolean
}

/**
 * Fewer bytes can be guessed by trying, once somebody holds one signed delivery. A password is tried only
 * at our door, where wrong ones are counted.
 */
const fewest = { secret: 16, token: 16, password: 12 }
const enough = { secret: 24, token: 24, password: 12 }

type Kind = keyof typeof fewest
type Place = Exclude<SecretWritten, string>

export async function readSecrets(
  path: Path,
  written: SecretsWritten | undefined,
  source: SecretSource,
): Promise<Secret[]> {
  if (written === undefined) return []
  if (!Array.isArray(written)) return readOne(path, written, 1, source)
  if (written.length === 0) source.report.error(path, 'is an empty list; name at least one')
  const read = written.map((item, index) => readOne([...path, index], item, index + 1, source))
  return (await Promise.all(read)).flat()
}

/** The variable we would choose: `BLOG_SECRET` for the secret of `blog`. */
export function variableFor(owner: string, kind: Kind): string {
  const name = owner.replace(/\W/g, '_').toUpperCase()
  return `${/^[0-9]/.test(name) ? '_' : ''}${name}_${kind.toUpperCase()}`
}

/** A list of none or one. */
async function readOne(
  path: Path,
  written: SecretWritten,
  number: number,
  source: SecretSource,
): Promise<Secret[]> {
  if (typeof written === 'string') return readText(path, written, number, source)
  const held = await readHeld(path, written, source)
  if (held === null || !check(path, held.label, held.value, source.report)) return []
  return [{ name: held.name, value: held.value }]
}

/** What a file or a credential holds; null where it was reported that there is none. */
export async function readHeld(
  path: Path,
  written: Place,
  source: SecretSource,
): Promise<(Secret & { readonly label: string }) | null> {
  const file = locate(path, written, source)
  if (file === null) return null
  source.files.add(file)
  const found = await readTextFile(file)
  if ('reason' in found) {
    source.report.error(path, `${file} cannot be read: ${found.reason}`)
    return null
  }
  if (written.file !== undefined && (await isOpen(file)))
    source.report.warn(path, `everybody on this machine can read ${file}; chmod 600 it`)
  // Editors and `echo` end a file with a new line that nobody means.
  const value = found.text.replace(/\r?\n$/, '')
  const name = basename(file)
  return { name, value, label: `the ${written.file === undefined ? 'credential' : 'file'} ${name}` }
}

function readText(path: Path, value: string, number: number, source: SecretSource): Secret[] {
  const { report } = source
  const text = report.written(path) ?? value
  const names = namesIn(text)
  for (const name of names) source.names.add(name)
  if (isUnbraced(path, text, report)) return []
  const isPublic = value.startsWith('whpk_') // the public half of a pair of keys
  if (!isReference(text) && text !== '' && !isPublic) {
    source.literal = true
    report.warn(path, `is in the file; use "\${${variableFor(ownerOf(path), kindOf(path))}}"`)
  }
  const name = names[0] ?? `${kindOf(path)} ${number}`
  const label = names[0] ?? `the ${kindOf(path)}`
  return check(path, label, value, report) ? [{ name, value }] : []
}

/** Reports what was meant to be a variable and is none. */
export function isUnbraced(path: Path, text: string, report: Report): boolean {
  const found = /^\$\w+$/.test(text)
  if (found) report.error(path, `begins with "$" but is no variable; write "\${NAME}"`)
  return found
}

/** The absolute path of the file that holds the secret. */
function locate(
  path: Path,
  { file, credential }: Place,
  { folder, credentials, report }: SecretSource,
): string | null {
  if ((file === undefined) === (credential === undefined)) {
    const refused = report.given([...path, 'file']) || report.given([...path, 'credential'])
    if (file !== undefined || !refused) report.error(path, 'needs either "file" or "credential"')
    return null
  }
  if (file !== undefined) return resolve(folder, file)
  const name = credential ?? ''
  if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) {
    report.error([...path, 'credential'], `${JSON.stringify(name)} is not the name of a credential`)
    return null
  }
  if (credentials !== null) return join(credentials, name)
  report.error(
    path,
    '$CREDENTIALS_DIRECTORY is not set: systemd gives no credentials to this process',
    {
      hint: `add LoadCredential=${name}:/path/of/the/file to the unit`,
    },
  )
  return null
}

function check(path: Path, label: string, value: string, report: Report): boolean {
  const bytes = Buffer.byteLength(value)
  if (value.trim() === '') {
    report.error(path, `${label} is empty; nothing would be closed by it`)
    return false
  }
  const kind = kindOf(path)
  if (bytes < fewest[kind]) {
    const hint = 'make one: openssl rand -hex 32'
    report.error(path, `${label} has ${bytes} bytes; at least ${fewest[kind]} are needed`, { hint })
    return false
  }
  if (bytes < enough[kind])
    report.warn(path, `${label} has ${bytes} bytes; ${enough[kind]} or more are hard to guess`)
  if (value.trim() !== value)
    report.warn(path, `${label} begins or ends with white space, which counts as part of it`)
  return true
}

function kindOf(path: Path): Kind {
  if (path[2] === 'users') return 'password'
  return path[2] === 'token' ? 'token' : 'secret'
}

/** A password is a person's, whatever the hook. */
function ownerOf(path: Path): string {
  return String(path[2] === 'users' ? path[3] : path[1])
}
