/** The schema of a data folder: which it has, and bringing it to this release's. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asStorageError, Database } from './database.ts'
import { schemaOf } from './migrations.ts'

/** The number of steps taken; 0 = there is nothing of ours. Changes nothing. */
export function folderSchema(directory: string): number {
  const path = join(directory, 'runhook.db')
  if (!existsSync(path)) return 0
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    try {
      return schemaOf(database)
    } finally {
      database.close()
    }
  } catch (error) {
    throw asStorageError(error, directory)
  }
}

/** Rejects with `storage` while a server has the folder, or when a newer release wrote it. */
export async function migrateFolder(directory: string): Promise<void> {
  await new Database(directory).close()
}
