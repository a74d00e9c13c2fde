/** The verbs that work on the record itself, without a server. */

import type { ExportOptions } from './export.ts'
import type { PlaceOptions } from './locate.ts'
import type { MigrateOptions } from './migrate.ts'
import { type Verbs, verb } from './verbs.ts'

export function addMigrate(verbs: Verbs): void {
  verb(verbs, 'migrate', "bring the database to this release's schema")
    .option('--check', 'only say whether that is needed; exit 1 when it is')
    .option('--json', 'print JSON')
    .action(async (options: MigrateOptions) => {
      const { migrateRecord } = await import('./migrate.ts')
      verbs.finish(await migrateRecord(options, verbs.terminal))
    })
}

const exportSample = `  runhook export --output history.jsonl.gz
  runhook export --data .runhook | runhook import   from a folder into the database`

export function addExport(verbs: Verbs): void {
  verb(verbs, 'export', 'write the whole history to a file, to move it', exportSample)
    .option('--output <file>', 'file (default: standard output); .gz packs it')
    .action(async (options: ExportOptions) => {
      const { exportRecord } = await import('./export.ts')
      verbs.finish(await exportRecord(options, verbs.terminal))
    })
}

export function addImport(verbs: Verbs): void {
  verb(
    verbs,
    'import [file]',
    'read what export wrote, into a database or folder without a history',
  ).action(async (file: string | undefined, options: PlaceOptions) => {
    const { importRecord } = await import('./import.ts')
    verbs.finish(await importRecord(file, options, verbs.terminal))
  })
}
