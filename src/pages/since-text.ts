/** A time to look back to, as an address has it. */

import type { Reader } from '../show/parameters.ts'
import { since } from '../show/since.ts'

/** It stays as it was written, so that the address says the same tomorrow. */
export const sinceText: Reader<string> = {
  ...since,
  read: (text) => (since.read(text) === undefined ? undefined : text),
}
