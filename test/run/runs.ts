/** Runs without a server: a hook's steps carried out by `executeRun` on a data directory of their own. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredDelivery } from '../../src/model/delivery.ts'
import type { Hook, Step } from '../../src/model/hook.ts'
import type { Run } from '../../src/model/run.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { executeRun, serverUser } from '../../src/run/execute.ts'
import { PayloadFiles } from '../../src/run/payload.ts'
import { PipePool } from '../../src/run/pipe.ts'
import { Started } from '../../src/run/started.ts'
import type { ExecuteTools } from '../../src/run/step.ts'
import { aDelivery, aDirectory, aHook } from '../some.ts'
import { waysNow } from './ways.ts'

export const shell = (line: string): Step => ({ kind: 'shell', line, shell: '/bin/sh' })
export const fixture = (name: string) =>
  new URL(`../fixtures/commands/${name}`, import.meta.url).pathname

/** Neither gone nor a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export function aRun(fields: Partial<Run> = {}): Run {
  return {
    id: 1,
    deliveryId: 1,
    hook: 'deploy-site',
    update: 0,
    group: null,
    attempt: 1,
    retry: null,
    status: 'running',
    queuedAt: 0,
    notBefore: null,
    startedAt: 0,
    finishedAt: null,
    exitCode: null,
    signal: null,
    reason: null,
    config: 'c0ffee000000',
    worker: null,
    rollout: null,
    event: 'push',
    refName: 'main',
    sha: null,
    sender: 'ada',
    inputs: {},
    outputBytes: 0,
    outputCut: 0,
    ...fields,
  }
}

export function aStored(fields: Partial<StoredDelivery> = {}): StoredDelivery {
  return {
    ...aDelivery(fields),
    id: 1,
    duplicateOf: null,
    bodyRemovedAt: null,
    answer: null,
    verdicts: [],
    ...fields,
  }
}

export interface Bench {
  readonly directory: string
  readonly output: FileOutputLog
  readonly tools: ExecuteTools
  /** Carries out a run and gives its end with everything it wrote. */
  run(
    steps: readonly Step[],
    more?: Partial<{
      hook: Partial<Hook>
      run: Partial<Run>
      delivery: Partial<StoredDelivery>
      lastSuccess: string | null
    }> &
      Partial<ExecuteTools>,
  ): Promise<Awaited<ReturnType<typeof executeRun>> & { text: string }>
}

export function aBench(): Bench {
  const directory = aDirectory()
  const output = new FileOutputLog(join(directory, 'output'))
  const tools: ExecuteTools = {
    output,
    pipes: new PipePool(join(directory, 'pipes')),
    payloads: new PayloadFiles(join(directory, 'payloads')),
    started: new Started(join(directory, 'started')),
    user: serverUser(),
    runsUrl: 'https://deploy.example.com/-/runs',
    token: `token-${Math.random().toString(36).slice(2)}`,
    signal: new AbortController().signal,
    graceMs: 300,
    ...waysNow(),
  }
  let ids = 0
  return {
    directory,
    output,
    tools,
    async run(steps, { hook, run, delivery, lastSuccess = null, ...more } = {}) {
      const work = {
        hook: aHook({ steps, workingDirectory: directory, ...hook }),
        run: aRun({ id: ++ids, ...run }),
        delivery: aStored(delivery),
        lastSuccess,
      }
      const end = await executeRun(work, { ...tools, ...more })
      const bytes = await output.read(work.run.id, 0, Number.MAX_SAFE_INTEGER)
      return { ...end, text: Buffer.from(bytes).toString('utf8') }
    },
  }
}
