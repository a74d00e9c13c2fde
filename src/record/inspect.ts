/** A look at a database without owning it: for who wants to know whether it is sound. */

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** Names within the data directory that others must know. */
export const LOCK_FILE = 'lock.db'
export const DATABASE_FILE = 'runhook.db'

/** Reading a larger one through takes more than a moment. */
const LARGEST = 256 * 2 ** 20

/** What is wrong with it; null when nothing is found, or it is too large for a quick look. Throws what SQLite throws. */
export function inspectDatabase(directory: string): string | null {
  const path = join(directory, DATABASE_FILE)
  if (statSync(path).size > LARGEST) return null
  const url = pathToFileURL(path)
  // Nobody has it open, and all of it is in the one file: else even a reader would leave a WAL behind.
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1')
  const database = new DatabaseSync(url, { readOnly: true, timeout: 500 })
  try {
    const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
    return found === 'ok' ? null : String(found)
  } finally {
    database.close()
  }
}
