/**
 * GitHub's filter patterns by trying everything: exponential, and short enough to be seen to be right.
 */

export function reference(pattern: string, name: string): boolean {
  const folders = /^\*\*\//.exec(pattern)
  const token = /^(\*\*|\*|\\.|\[[^\]]*\]|.)([?+]?)/.exec(pattern)
  if (pattern === '') return name === ''
  if (folders) {
    const rest = pattern.slice(3)
    const ends = Array.from(name).flatMap((char, index) => (char === '/' ? [index + 1] : []))
    return [0, ...ends].some((end) => atFolder(rest, name.slice(end)))
  }
  const [whole = '', atom = '', repeat = ''] = token ?? []
  const rest = pattern.slice(whole.length)
  const next = (left: string) => (atom === '/' ? atFolder(rest, left) : inFolder(rest, left))
  const fits = (char: string) => one(atom, char)
  const [first = ''] = name
  const some = first !== '' && fits(first)
  if (atom.startsWith('*')) return next(name) || (some && reference(pattern, name.slice(1)))
  if (repeat === '?') return next(name) || (some && next(name.slice(1)))
  if (repeat === '+') return some && (next(name.slice(1)) || reference(pattern, name.slice(1)))
  return some && next(name.slice(1))
}

function atFolder(pattern: string, name: string): boolean {
  return reference(pattern, name)
}

/** Inside of a folder's name, two stars and a slash are just that. */
function inFolder(pattern: string, name: string): boolean {
  if (!pattern.startsWith('**/')) return reference(pattern, name)
  return Array.from({ length: name.length + 1 }, (_, index) => index).some((index) =>
    name[index] === '/' ? atFolder(pattern.slice(3), name.slice(index + 1)) : false,
  )
}

function one(atom: string, char: string): boolean {
  if (atom === '*') return char !== '/'
  if (atom === '**') return true
  if (atom.startsWith('[')) return atom.slice(1, -1).includes(char)
  return char === (atom.startsWith('\\') ? atom.slice(1) : atom)
}
