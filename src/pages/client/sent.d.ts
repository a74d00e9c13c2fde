/** What comes of a log over its connection (log-stream.ts), and who takes it. */

type Piece = readonly [text: string, classes: string]
/** A line of one colour is its text. */
type SentText = string | readonly Piece[]
/** Lines of one step, the first of which has this number. */
interface SentLines {
  readonly first: number
  readonly step: number
  readonly lines: readonly SentText[]
}
interface SentHead {
  readonly number: number
  /** Drawn by the server, as in the page. */
  readonly html: string
  readonly open: boolean
}

/** Says `drawn` after each part, and `dropped` when the first lines have gone. */
interface LogLines extends HTMLElement {
  /** As many as the page bears are drawn, or wait for it. */
  readonly isFull: boolean
  /** When it is full the first ones go, for whom follows; nobody else is robbed of what he reads. */
  dropsFirst: boolean
  add(lines: SentLines): void
  head(head: SentHead): void
}
