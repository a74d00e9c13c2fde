/** `runhook cancel`: a waiting run is taken out of its queue, a running one is told to end. */

import type { Run } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'

export interface CancelOptions extends PlaceOptions {
  readonly json?: boolean
}

export async function cancel(
  runId: number,
  options: CancelOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(options, terminal)
  const answer = await client.post<{ result: CancelResult; run: Run }>(`/runs/${runId}/cancel`)
  const what = answer.result === 'stopping' ? 'is being stopped' : answer.result
  await terminal.out.write(
    options.json
      ? `${printableJson(answer)}\n`
      : `#${runId} ${printable(answer.run.hook)} ${what}\n`,
  )
  return 0
}
