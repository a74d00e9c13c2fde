/** Asks a person at a terminal for something that nobody else may read there. */

import type { ReadStream, WriteStream } from 'node:tty'

/**
 * What is typed up to Enter, with backspace; null where no person is. Ctrl-C ends the program, as it would
 * anywhere else: in this mode the terminal leaves that to us.
 */
export function askSecretly(
  question: string,
  stdin: ReadStream,
  screen: WriteStream,
): Promise<string | null> {
  if (!stdin.isTTY) return Promise.resolve(null)
  screen.write(question)
  stdin.setRawMode(true).setEncoding('utf8').resume()
  return new Promise((resolve) => {
    let typed = ''
    const take = (text: string) => {
      for (const letter of text) {
        if (letter === '\u0003') process.exit(130)
        if (letter === '\r' || letter === '\n' || letter === '\u0004') return done()
        typed = isBackspace(letter) ? [...typed].slice(0, -1).join('') : typed + letter
      }
    }
    const done = () => {
      stdin.off('data', take).setRawMode(false).pause()
      screen.write('\n')
      resolve(typed)
    }
    stdin.on('data', take)
  })
}

function isBackspace(letter: string): boolean {
  return letter === '\u007f' || letter === '\b'
}
