/**
 * Sizes as people write them in the hooks file: `512KiB`, `64MiB`, `1GiB`, `500MB`, or bytes. Units with an
 * i are powers of 1024, those without powers of 1000.
 */

const units = new Map([
  ['', 1],
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
])

/** For the JSON Schema: the same language. */
export const sizeSyntax = /^\d{1,12}(\.\d{1,3})?(B|[kKMGT]B|[KMGT]iB)?$/

/** Bytes, of a text that has this syntax. */
export function parseSize(text: string): number {
  const [, count = '0', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(text) ?? []
  return Math.floor(Number(count) * (units.get(unit) ?? 1))
}
