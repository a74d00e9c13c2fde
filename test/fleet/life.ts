/**
 * One life of a worker as a process of its own, with one run that waits for it: `node life.ts '<json>'`. Files in its
 * folder say what becomes of it: its database is away while there is `away`, its claims are another's when there
 * is `lost`, and `more-2` is one more run.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createLog } from '../../src/log.ts'
import { noTerms } from '../some.ts'
import { MemoryClaims } from './memory.ts'
import { buildWorker } from './workers.ts'

export interface Life {
  readonly folder: string
  readonly leaseMs: number
  /** What its run does; null = nothing waits. */
  readonly line: string | null
  readonly leftovers?: 'kill' | 'keep'
}

const life: Life = JSON.parse(process.argv[2] ?? '')
const claims = new MemoryClaims()
if (life.line !== null) claims.add()
setInterval(() => {
  claims.reachable = !existsSync(join(life.folder, 'away'))
  for (const id of claims.claimed) if (existsSync(join(life.folder, 'lost'))) claims.lost.add(id)
  if (existsSync(join(life.folder, `more-${claims.known.size + 1}`))) claims.add()
}, 20)
const { worker } = buildWorker({
  folder: life.folder,
  claims,
  log: createLog({ pretty: false }),
  leaseMs: life.leaseMs,
  hooks: [
    {
      steps: [{ kind: 'shell', line: life.line ?? 'true', shell: '/bin/sh' }],
      terms: { ...noTerms, leftovers: life.leftovers ?? 'kill' },
    },
  ],
})
await worker.start()
process.stdout.write('ready\n')
