/**
 * A folder outside the data directory, which is closed to others: whoever knows a file's name may go through
 * it, nobody may list it. Made when it is first needed; the next start removes what a crash left of it.
 */

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const PREFIX = 'runhook-'

export class SharedFolder {
  /** Where its path is written down: beside this directory, which is ours. */
  readonly #note: string
  #path: string | null = null

  constructor(directory: string) {
    this.#note = `${directory}.shared`
    removeOld(this.#note)
  }

  /** Its path. Throws the system's error. Made anew where somebody tidied up. */
  open(): string {
    if (this.#path !== null && isOurFolder(this.#path)) return this.#path
    const path = mkdtempSync(join(tmpdir(), PREFIX))
    mkdirSync(dirname(this.#note), { recursive: true, mode: 0o700 })
    writeFileSync(this.#note, path, { mode: 0o600 })
    chmodSync(path, 0o711)
    this.#path = path
    return path
  }

  close(): void {
    removeOld(this.#note)
    this.#path = null
  }
}

/** In a folder where everybody may write, a name alone proves nothing. */
function removeOld(note: string): void {
  try {
    const path = readFileSync(note, 'utf8')
    if (basename(path).startsWith(PREFIX) && isOurFolder(path)) {
      rmSync(path, { recursive: true, force: true })
    }
    rmSync(note, { force: true })
  } catch {
    // There was none.
  }
}

function isOurFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && stats.uid === process.getuid?.()
}
