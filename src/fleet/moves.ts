/**
 * Tells the watchers of this process about runs that move anywhere in the fleet: by word, and by a slow poll of
 * those that are watched, so that a word that was lost costs them seconds.
 */

import type { Session } from '../postgres/connect.ts'
import type { Listener } from '../postgres/listen.ts'
import { standOf } from '../postgres/states.ts'
import type { Moves } from '../show/moves.ts'
import { Rounds } from './rounds.ts'

const POLL_MS = 2000

export interface MoveParts {
  readonly moves: Moves
  readonly listener: Pick<Listener, 'join'>
  readonly database: Pick<Session, 'query'>
  readonly pollMs?: number
}

/** Until what it returns is called. */
export function tellMoves({
  moves,
  listener,
  database,
  pollMs = POLL_MS,
}: MoveParts): () => Promise<void> {
  let known = new Map<number, string>()
  const rounds = new Rounds(pollMs, async () => {
    const stands = await standOf(database, moves.watched)
    // One that was not known yet may have moved since its watcher looked.
    const moved = [...stands].filter(([runId, stand]) => known.get(runId) !== stand)
    known = stands
    for (const [runId] of moved) moves.tell(runId)
  })
  const leave = listener.join({
    word: (word) => {
      if (word.kind === 'move') moves.tell(word.run)
    },
    reconnected: () => moves.tellAll(),
  })
  return () => {
    leave()
    return rounds.stop()
  }
}
