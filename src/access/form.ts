/** What counts as a form: whatever else a program may send would be read as something, or break what reads it. */

import type { IncomingHttpHeaders } from 'node:http'

/** By the headers alone. Nothing at all is a form without fields. */
export function isForm(headers: IncomingHttpHeaders): boolean {
  const { 'content-type': type, 'content-length': length } = headers
  if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined))
    return true
  return /^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(type ?? '')
}

export const NO_FORM = 'This takes what its own form sends, and nothing else.'
