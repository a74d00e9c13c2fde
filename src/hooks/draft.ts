/**
 * A hook on its way from the file to a `Hook`: what stands there, and where to say what is wrong.
 */

import type { Role } from '../model/config.ts'
import type { HostName } from '../model/delivery.ts'
import type { Secret } from '../model/hook.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { HooksFile } from './schema.ts'
import type { HookWritten } from './schema-hook.ts'
import type { SecretSource } from './secrets.ts'

export interface FileDraft {
  /** Relative paths of the file start here. */
  readonly folder: string
  readonly written: HooksFile
  readonly report: Report
  readonly secrets: SecretSource
  readonly hosts: ReadonlyMap<HostName, readonly Secret[]>
  readonly role: Role
  /** Values of `env` of the defaults. */
  readonly env: Readonly<Record<string, string>>
}

export interface HookDraft {
  readonly name: string
  readonly path: Path
  /** Without the keys that were refused: ask `given` before calling one missing. */
  readonly written: HookWritten
  readonly report: Report
  given(key: keyof HookWritten): boolean
}

export function hookDraft(name: string, written: HookWritten, report: Report): HookDraft {
  const path = ['hooks', name]
  return { name, path, written, report, given: (key) => report.given([...path, key]) }
}
