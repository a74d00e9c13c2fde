/**
 * In which form an output is wanted: `Accept` with its weights (RFC 9110, 12.5.1). Text, where that says
 * nothing or nothing that we have: the command has run, and a 406 would help nobody.
 */

export type Form = 'text' | 'html' | 'json'

const forms: readonly (readonly [Form, type: string])[] = [
  ['text', 'text/plain'],
  ['json', 'application/json'],
  ['html', 'text/html'],
]

interface Range {
  readonly type: string
  readonly quality: number
  /** 2 for a type, 1 for all of a kind, 0 for anything. */
  readonly exact: number
}

/** Longer lists are cut: nobody means the hundredth type. */
const MOST_RANGES = 32

/** The form of the greatest weight; among equals the one that was named, then the one named first. */
export function preferredForm(accept: string | undefined): Form {
  const ranges = (accept ?? '').split(',', MOST_RANGES).map(readRange)
  let best: { form: Form; quality: number; exact: number; place: number } | null = null
  for (const [form, type] of forms) {
    const place = bestFor(type, ranges)
    const range = ranges[place]
    if (!range || range.quality === 0) continue
    const { quality, exact } = range
    const isBetter =
      best === null ||
      quality > best.quality ||
      (quality === best.quality && exact > best.exact) ||
      (quality === best.quality && exact === best.exact && exact === 2 && place < best.place)
    if (isBetter) best = { form, quality, exact, place }
  }
  return best?.form ?? 'text'
}

/** The most exact range decides for a type, whatever the others weigh. Its place, or -1. */
function bestFor(type: string, ranges: readonly Range[]): number {
  const kind = `${type.split('/', 1)[0]}/*`
  const names = ['*/*', kind, type]
  let best = -1
  for (const [place, range] of ranges.entries()) {
    if (range.type !== names[range.exact]) continue
    if (range.exact > (ranges[best]?.exact ?? -1)) best = place
  }
  return best
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  const quality =
    weight === undefined ? 1 : /^(?:0|1|0?\.\d+|0\.\d*|1\.0*)$/.test(weight) ? Number(weight) : 0
  return { type, quality, exact: type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2 }
}
