/**
 * What a command wrote, as a page may show it: without what drives a terminal, and with a name for every
 * character that would otherwise be invisible or turn the text around.
 */

/** CSI sequences; OSC, DCS and the like up to their end mark or that of the line; other escapes. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /(?:\u001b\[|\u009b)[ -?]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\n\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g

/**
 * New lines and tabs stay. Marks of direction, and letters of no width, can make a line read as another; tags
 * (U+E0000 to U+E007F) spell words that only programs see.
 */
const HIDDEN =
  /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u00ad\u200b\u2028\u2029\u2060\ufeff\u{e0000}-\u{e007f}]/gu

export function visible(text: string): string {
  return text
    .replace(SEQUENCES, '')
    .replace(/\r\n?/g, '\n') // a bare one draws a line anew, as progress bars do
    .replace(HIDDEN, nameOf)
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}
