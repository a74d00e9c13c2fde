/** The release, as package.json says. Apart from the server, because the command line starts without it. */

import { readFileSync } from 'node:fs'

export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
