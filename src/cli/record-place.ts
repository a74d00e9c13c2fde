/** Where the record is that a verb works on without a server: a data folder, or a database. */

import type { Config } from '../model/config.ts'
import { Postgres } from '../postgres/connect.ts'
import { loadValid } from './hook-file.ts'
import { dataFolder, namesDatabase, type PlaceOptions } from './locate.ts'
import type { Terminal } from './terminal.ts'

export type RecordPlace =
  | { readonly kind: 'folder'; readonly directory: string }
  | { readonly kind: 'database'; readonly url: string; readonly config: Config }

/** With --data it is that folder, whatever the hooks file says: so the two ends of a move are told apart. */
export async function recordPlace(options: PlaceOptions, terminal: Terminal): Promise<RecordPlace> {
  if (options.data === undefined && (await namesDatabase(options, terminal))) {
    const { config } = await loadValid(options, terminal)
    const { database: url } = config.server
    if (url !== null) return { kind: 'database', url, config }
  }
  return { kind: 'folder', directory: await dataFolder(options, terminal) }
}

export async function withDatabase<T>(
  url: string,
  name: string,
  work: (database: Postgres) => Promise<T>,
): Promise<T> {
  const database = new Postgres(url, { name, connections: 2, mayOnlyRead: true, keepsPlans: false })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
