/** A page as it leaves, and reading what an address says. */

import { createContext } from 'hono/jsx'
import type { HtmlEscapedString } from 'hono/utils/html'
import { RunhookError } from '../errors.ts'
import { type Reader, readOne } from '../show/parameters.ts'
import { ownTurn } from '../show/turn.ts'
import type { Ask } from './parts.ts'

type Drawn = HtmlEscapedString | Promise<HtmlEscapedString>

/** Whether there are workers to look at: the frame of every page asks, and so it need not be handed to each. */
export const HasFleet = createContext(false)

export async function page(c: Ask, drawn: Drawn, status = 200): Promise<Response> {
  await ownTurn() // those that waited for a file come on together
  const framed = <HasFleet.Provider value={c.get('hasFleet') ?? false}>{drawn}</HasFleet.Provider>
  const html = `<!doctype html>${await framed.toString()}`
  return c.body(html, status as 200, { 'content-type': 'text/html; charset=utf-8' })
}

/** After a POST, so that loading the page again does not send the form again. */
export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { location: path } })
}

export function pathValue<Value>(c: Ask, name: string, reader: Reader<Value>): Value {
  try {
    return readOne(reader.title ?? name, c.req.param(name) ?? '', reader)
  } catch {
    throw new RunhookError('not-found', 'There is no such page.')
  }
}

/** What an address asks for; undefined when it does not, or when a form left it empty. */
export function queryValue<Value>(c: Ask, name: string, reader: Reader<Value>): Value | undefined {
  const text = c.req.query(name)
  return text === undefined || text === '' ? undefined : readOne(name, text, reader)
}
