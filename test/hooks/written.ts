/**
 * A hooks file in a folder of its own, loaded: what a test of the loader begins with.
 */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Loaded, type LoadOptions, loadConfig } from '../../src/hooks/load.ts'
import { renderProblems } from '../../src/hooks/problems.ts'
import type { Hook } from '../../src/model/hook.ts'

/** Long enough to be accepted, and easy to find where it must not be. */
export const SECRET = 'canary-0123456789-0123456789'

/** How a hooks file names it. */
export const REF = `\${SECRET}`

export interface Written extends Loaded {
  readonly folder: string
  /** As `runhook check` prints it, for a file named hooks.json. */
  readonly shown: string
  /** One line for each problem: severity, path and message. */
  readonly lines: readonly string[]
}

export interface Beside {
  /** Other files of the folder by name, `.env` say. */
  readonly files?: Readonly<Record<string, string>>
  readonly environment?: LoadOptions['environment']
  readonly createSecrets?: boolean
  readonly overrides?: NonNullable<LoadOptions['overrides']>
  readonly role?: NonNullable<LoadOptions['role']>
}

export function aFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'runhook-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writePrivate(join(folder, name), text)
  return folder
}

/** `content` is the text of the file, or what stands in it. */
export async function written(content: unknown, beside: Beside = {}): Promise<Written> {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const folder = aFolder({ 'hooks.json': text, ...beside.files })
  const { environment = { SECRET }, createSecrets = false, overrides = {}, role = 'all' } = beside
  const options = { environment, createSecrets, overrides, role }
  const loaded = await loadConfig(join(folder, 'hooks.json'), options)
  const shown = renderProblems('hooks.json', text, loaded.problems, { color: false })
  const lines = shown.split('\n').filter((line) => line.startsWith('hooks.json:'))
  return {
    ...loaded,
    folder,
    shown: shown.replaceAll(folder, '/folder'),
    lines: lines.map((line) =>
      line.replace(/^\S+ +(error|warn) +/, '$1 ').replaceAll(folder, '/folder'),
    ),
  }
}

/** The problems of one hook named `a`, which is complete but for what is given. */
export async function linesOf(
  hook: Readonly<Record<string, unknown>>,
  beside: Beside = {},
): Promise<readonly string[]> {
  const { lines } = await written({ hooks: { a: hook } }, beside)
  return lines
}

/** What the title says, the hook, and the lines that are reported. */
export type Case = readonly [
  title: string,
  hook: Readonly<Record<string, unknown>>,
  ...lines: string[],
]

export function cases(all: readonly Case[]): void {
  for (const [title, hook, ...lines] of all)
    test(title, async () => expect(await linesOf(hook)).toEqual(lines))
}

/** The hook named `a` as loaded; fails when anything is an error. */
export async function hookOf(
  hook: Readonly<Record<string, unknown>>,
  beside: Beside & { readonly defaults?: unknown; readonly hosts?: unknown } = {},
): Promise<Hook> {
  const { defaults = {}, hosts = {}, ...rest } = beside
  const { config, shown } = await written({ defaults, hosts, hooks: { a: hook } }, rest)
  const found = config?.hooks.get('a')
  if (found === undefined) throw new Error(shown)
  return found
}

/** Not readable by others, whatever the umask of the machine: that is a warning of its own. */
function writePrivate(file: string, text: string): void {
  writeFileSync(file, text)
  chmodSync(file, 0o600)
}
