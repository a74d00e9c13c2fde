/** How long things are kept, with every default filled in: `keep` of the server and of a hook. */

import type { Keep } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import type { FileDraft, HookDraft } from './draft.ts'
import { parseAge } from './duration.ts'
import { parseSize, sizeProblem } from './size.ts'

const DAY_MS = 24 * 60 * 60 * 1000

const defaults = { bodies: '14d', output: '30d', history: '180d', refusals: '14d' }

export function readKeep({ written, report }: FileDraft): Keep {
  const keep = written.server?.keep ?? {}
  const age = (name: keyof typeof defaults): number => {
    const text = keep[name] ?? defaults[name]
    const age = parseAge(text)
    if ('ms' in age) return age.ms
    report.error(['server', 'keep', name], `${JSON.stringify(text)} ${age.problem}`)
    return 0
  }
  const size = keep['output-size'] ?? '1GiB'
  const problem = sizeProblem(size)
  if (problem) report.error(['server', 'keep', 'output-size'], `${JSON.stringify(size)} ${problem}`)
  return {
    bodiesMs: age('bodies'),
    outputMs: age('output'),
    outputBytes: parseSize(size),
    historyMs: age('history'),
    refusalsMs: age('refusals'),
  }
}

export function readHookKeep({ written }: HookDraft): Hook['keep'] {
  const { runs, days } = written.keep ?? {}
  return { runs: runs ?? null, ageMs: days === undefined ? null : days * DAY_MS }
}
