/** What a hook that answers with its output said last: the value of `df`, at a glance. */

import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { createLines, START } from './lines.ts'
import { BASE, type PagesParts } from './parts.ts'
import { Pre } from './visible.tsx'

const BYTES = 2000
const LINES = 4

export async function LastWords(props: {
  hook: Hook
  runs: readonly Run[]
  parts: Pick<PagesParts, 'output'>
}) {
  const { hook, runs, parts } = props
  const ended = runs.find((run) => run.finishedAt !== null)
  if (hook.respond === 'accepted' || !ended) return null
  const reader = createLines(START)
  const lines = [...reader.read(await parts.output.read(ended.id, 0, BYTES)), ...reader.finish()]
  const texts = lines.map(({ pieces }) => pieces.map(([text]) => text).join(''))
  const shown = texts.filter((text) => text.trim() !== '').slice(0, LINES)
  if (shown.length === 0) return null
  const isCut = shown.length < texts.length || ended.outputBytes > BYTES
  return (
    <>
      <Pre look="last-words" label={`What ${hook.name} said last`}>
        {shown.join('\n')}
      </Pre>
      {isCut ? (
        <p class="why">
          <a href={`${BASE}/runs/${ended.id}`}>All of it</a>
        </p>
      ) : null}
    </>
  )
}
