import { PostgresOutputLog } from '../../src/postgres/output.ts'
import { type LogOnTrial, type LogOptions, outputContract } from '../record/output-contract.ts'
import { onPostgres } from './database.ts'
import { aProcess, aRunningRun, endRun, type FleetProcess } from './fleet.ts'

function onTrial(process: FleetProcess, options: LogOptions = {}): LogOnTrial {
  return {
    log: new PostgresOutputLog(process.database, { ...process, ...options }),
    begin: (runId) => aRunningRun(process, runId),
    end: (runId) => endRun(process, runId),
  }
}

async function open() {
  const process = await aProcess()
  return (options?: LogOptions) => onTrial(process, options)
}

outputContract({ on: 'PostgreSQL', test: onPostgres, open, examples: 60 })
