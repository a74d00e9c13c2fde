/**
 * Lines for a person's eyes: a screen that is given a line of megabytes stands still for seconds. What is
 * stored is never cut so; whoever wants the bytes gets all of them.
 */

/** Characters of a line that are shown: many screens full. */
const LONGEST = 16 * 1024

export interface LineCutter {
  /** Line by line, in this order: the output's own, our mark, and the end of the line if it has come. */
  cut(text: string): { readonly shown: string; readonly mark: string; readonly end: string }[]
  /** The mark of a line that was not ended; empty when it was short. */
  end(): string
}

/** A carriage return begins a line anew as well: progress bars live by that. */
export function cutLongLines(longest = LONGEST): LineCutter {
  let length = 0
  let dropped = 0

  const mark = () => {
    const text =
      dropped === 0 ? '' : `… [runhook: ${dropped.toLocaleString('en-US')} more characters]`
    length = 0
    dropped = 0
    return text
  }
  const take = (line: string) => {
    const room = Math.max(0, longest - length)
    const shown = endsInHalf(line, room) ? line.slice(0, room + 1) : line.slice(0, room)
    length += shown.length
    dropped += line.length - shown.length
    return shown
  }
  return {
    cut(text) {
      return text.split(/(?<=[\r\n])/).map((line) => {
        const end = /[\r\n]$/.exec(line)?.[0] ?? ''
        const shown = take(end === '' ? line : line.slice(0, -1))
        return { shown, mark: end === '' ? '' : mark(), end }
      })
    },
    end: mark,
  }
}

/** Whether a cut there would split a character of two. */
function endsInHalf(text: string, at: number): boolean {
  return at > 0 && /[\ud800-\udbff]/.test(text.charAt(at - 1))
}
