/** Runs as a table, newest first. */

import type { Run } from '../model/run.ts'
import { BASE, hookAddress, type PagesParts } from './parts.ts'
import { detailOf, Status, Took } from './status.tsx'
import { When } from './times.tsx'
import type { Titles } from './titles.ts'
import { Plain, plain } from './visible.tsx'
import { WaitWords } from './wait-words.tsx'
import type { Waits } from './waits.ts'

interface RunTableProps {
  readonly runs: readonly Run[]
  readonly parts: Pick<PagesParts, 'hooks'>
  readonly now: number
  /** The hook that all of them are of, where they are. */
  readonly of?: string
  readonly waits: Waits
  readonly titles: Titles
}

export function RunTable({ runs, parts, now, of, waits, titles }: RunTableProps) {
  const hasWorkers = runs.some(({ worker }) => worker !== null)
  return (
    <table class="list">
      <thead>
        <tr>
          <th>Run</th>
          <th>Status</th>
          {of === undefined ? <th>Hook</th> : null}
          <th>What</th>
          <th>By</th>
          {hasWorkers ? <th>On</th> : null}
          <th>Took</th>
          <th>When</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr data-key={run.id}>
            <td>
              <a class="number" href={`${BASE}/runs/${run.id}`}>
                #{run.id}
              </a>
            </td>
            <td>
              <Status status={run.status} more={detailOf(run, now)} />
            </td>
            {of === undefined ? (
              <td class="hook">
                <a href={hookAddress(parts, run.hook)}>
                  <Plain text={run.hook} />
                </a>
              </td>
            ) : null}
            <td class="what">
              <span class="words">
                <Plain text={run.event} />
                {run.refName === null ? null : (
                  <b>
                    <Plain text={run.refName} />
                  </b>
                )}
                {run.sha === null ? null : <code>{run.sha.slice(0, 7)}</code>}
                <Title title={titles.get(run.id)} />
              </span>
              <Why
                waits={waits.get(run.id)}
                reason={run.status === 'success' ? null : run.reason}
              />
            </td>
            <td class="by">
              <Plain text={run.sender ?? ''} />
            </td>
            {hasWorkers ? (
              <td class="by">
                <Plain text={run.worker ?? ''} />
              </td>
            ) : null}
            <td class="took">
              <Took run={run} now={now} />
            </td>
            <td class="when">
              <When at={run.queuedAt} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Title({ title }: { title: string | undefined }) {
  if (title === undefined) return null
  return (
    <q title={plain(title)}>
      <Plain text={title} />
    </q>
  )
}

/** What it waits for, or why it ended as it did: "superseded by run 143". */
function Why({ waits, reason }: { waits: string | undefined; reason: string | null }) {
  if (waits === undefined && reason === null) return null
  return (
    <span class="why">
      {waits === undefined ? <Plain text={reason ?? ''} /> : <WaitWords says={waits} />}
    </span>
  )
}
