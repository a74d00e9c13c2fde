/**
 * One way to write each path of the server's own. A proxy before us may hold back `/-/audit` and let pass
 * `/%2d/audit`, and a record that goes by what was written would not know what was done.
 */

/** The first segments of what is ours; hooks cannot have them: see hooks/address.ts. */
const own = ['-', 'api'] as const

/**
 * Which of ours a path leads to that is written otherwise than we write it, with or without its query; null for
 * one that may pass. Other escapes of RFC 3986 stay what they are: a name may hold a space.
 */
export function disguised(url: string): (typeof own)[number] | null {
  const [path = ''] = url.split('?', 1)
  const [, first] = path.split('/')
  const led = own.find((name) => name === first || name === leadsTo(path))
  if (led === undefined) return null
  return isPlain(path) && first === led ? null : led
}

/** The first segment, read as generously as anything that routes it could. */
function leadsTo(path: string): string | undefined {
  const read = unreservedRead(path.replace(/%2f/gi, '/').replace(/%5c/gi, '/'))
  const slashes = read.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/[\\/]+/g, '/')
  const { pathname = '' } = URL.parse(`http://localhost/${slashes.replace(/^\//, '')}`) ?? {}
  return pathname.split('/')[1]
}

/** RFC 3986, 2.3 and 6.2.2: no escape of a letter, digit, "-", ".", "_" or "~"; no dot segment. */
function isPlain(path: string): boolean {
  if (unreservedRead(path) !== path || /\/\/|\\/.test(path)) return false
  return URL.parse(`http://localhost${path}`)?.pathname === path
}

function unreservedRead(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (written, hex) => {
    const read = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(read) ? read : written
  })
}
