/** How a verdict names the files that were changed: a few of them, for a push may change thousands. */

const NAMED = 3
/** Characters of a name. A path may be as long as a stranger likes. */
const LONGEST = 80

/** `a.md, b.md, c.md and 12 more`; `no file` where none was changed. */
export function fewOf(files: readonly string[]): string {
  if (files.length === 0) return 'no file'
  const named = files.slice(0, NAMED).map(cut).join(', ')
  return files.length > NAMED ? `${named} and ${files.length - NAMED} more` : named
}

/** `1 changed file`, `3 changed files`. */
export function changed(total: number): string {
  return `${total} changed ${total === 1 ? 'file' : 'files'}`
}

/** Why none of them counts: by "paths" not one matches, by "paths-ignore" each one does. */
export function noneCounts(files: readonly string[], rule: string, wanted: string): string {
  if (files.length === 0) return `no file was changed; wanted [${wanted}]`
  const isOne = files.length === 1
  if (rule === 'paths') {
    const match = isOne
      ? 'the changed file does not match'
      : `none of ${changed(files.length)} match`
    return `${match} [${wanted}]: ${fewOf(files)}`
  }
  const match = isOne ? 'the changed file matches' : `all ${changed(files.length)} match`
  return `${match} [${wanted}]: ${fewOf(files)}`
}

/** By whole characters: half of a pair would be a sign of its own. */
function cut(file: string): string {
  const characters = [...file.slice(0, 2 * LONGEST + 2)]
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST).join('')}…` : file
}
