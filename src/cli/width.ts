/** How wide text is on a terminal, and how to cut or fill it to a width. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u
const NO_WIDTH = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u

export function displayWidth(text: string): number {
  // Nearly all text we print; the segmenter is slow.
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

/** At most this wide, with an ellipsis where something was cut. */
export function cutTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let room = width - 1
  for (const { segment } of graphemes.segment(text)) {
    room -= graphemeWidth(segment)
    if (room < 0) break
    kept += segment
  }
  return width > 0 ? `${kept}…` : ''
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

function graphemeWidth(segment: string): number {
  if (NO_WIDTH.test(segment)) return 0
  return WIDE.test(segment) || EMOJI.test(segment) ? 2 : 1
}
