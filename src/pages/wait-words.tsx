/** What a run waits for, with a link to each run that is named: "waits for run #142". */

import { BASE } from './parts.ts'
import { Plain } from './visible.tsx'

export function WaitWords({ says }: { says: string }) {
  return (
    <>
      {says
        .split(/\b(run #[1-9]\d{0,14})\b/)
        .map((part, index) =>
          index % 2 === 0 ? (
            <Plain text={part} />
          ) : (
            <a href={`${BASE}/runs/${part.slice('run #'.length)}`}>{part}</a>
          ),
        )}
    </>
  )
}
