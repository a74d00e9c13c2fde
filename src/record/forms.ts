/**
 * The forms in which a secret is likely to turn up in an output: as it is, and in the encodings that
 * tools print by themselves. Whoever writes it backwards or in two halves is not stopped by this; GitHub
 * says the same of its masking. Pure.
 */

/** Shorter than this, a value would hide half of every log, and could be found by trying anyway. */
export const SHORTEST = 8

/** Every form, at least SHORTEST bytes long, none twice. None at all for a value that is too short. */
export function formsOf(value: string): Buffer[] {
  const forms = new Map<string, Buffer>()
  for (const part of partsOf(value.toWellFormed())) {
    for (const form of [part, ...encoded(part)]) {
      const bytes = Buffer.from(form)
      if (bytes.length >= SHORTEST) forms.set(form, bytes)
    }
  }
  return [...forms.values()]
}

/** The whole, and each line of it: tools indent keys, or print them with other line ends. */
function partsOf(value: string): string[] {
  const trimmed = value.trim()
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim())
  const telling = lines.filter((line) => !/^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(line))
  return [...new Set([value, trimmed, ...telling])].filter(
    (part) => Buffer.byteLength(part) >= SHORTEST,
  )
}

function encoded(part: string): string[] {
  return [...base64Of(part), ...hexOf(part), ...urlOf(part), ...jsonOf(part), shellOf(part)]
}

/**
 * What stands around the secret shifts its base64 by 0, 1 or 2 bytes; of each, the digits that the
 * secret alone decides. `base64` breaks lines after 76 digits, `openssl` after 64.
 */
function base64Of(part: string): string[] {
  const bytes = Buffer.from(part)
  const whole = bytes.toString('base64')
  const shifted = [0, 1, 2].map((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    return digits.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
  })
  const broken = [76, 64].flatMap((width) => linesOf(whole, width))
  const all = [whole, ...shifted, ...broken]
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

/** `xxd -p` breaks lines after 60 digits. */
function hexOf(part: string): string[] {
  const hex = Buffer.from(part).toString('hex')
  return [hex, hex.toUpperCase(), ...linesOf(hex, 60)]
}

/** Libraries differ in what they leave alone, in the case of their digits, and in what a space becomes. */
function urlOf(part: string): string[] {
  const plain = encodeURIComponent(part)
  const strict = plain.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
  const forms = [plain, strict.toUpperCase() === plain.toUpperCase() ? plain : strict]
  const cased = forms.flatMap((form) => [
    form.replace(/%../g, (code) => code.toUpperCase()),
    form.replace(/%../g, (code) => code.toLowerCase()),
  ])
  return [...cased, ...cased.map((form) => form.replaceAll('%20', '+'))]
}

/** Some escape the slash as well, others everything that is not ASCII. */
function jsonOf(part: string): string[] {
  const plain = JSON.stringify(part).slice(1, -1)
  const ascii = plain.replace(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return [plain, ascii, plain.replaceAll('/', '\\/'), ascii.replaceAll('/', '\\/')]
}

/** As `set -x` prints it between single quotes. */
function shellOf(part: string): string {
  return part.replaceAll("'", "'\\''")
}

function linesOf(text: string, width: number): string[] {
  if (text.length <= width) return []
  return Array.from({ length: Math.ceil(text.length / width) }, (_, index) =>
    text.slice(index * width, (index + 1) * width),
  )
}
