/** A payload as a tree that folds. Keys and values are what a stranger sent: text, and nothing else. */

import type { Child } from 'hono/jsx'
import { formPayload } from '../hosts/pushed.ts'
import { Plain, Pre } from './visible.tsx'

/**
 * Entries drawn at most, and how deep; characters of one key or value: a page is no place for 25 MB, and a hundred
 * who look at it must not keep the server from its work.
 */
const ENTRIES = 2000
const DEEPEST = 40
const LONGEST = 2000
const TEXT_BYTES = 64 * 1024
const LARGEST = 2 * 1024 * 1024

/** Callers put secrets into bodies too: those that are known are no more shown than in an output. */
type Redact = (text: string) => string

export function Payload({ body, redact }: { body: Uint8Array; redact: Redact }) {
  const parsed = parse(body)
  if (parsed) return <Tree value={parsed.value} redact={redact} />
  const text = new TextDecoder().decode(body.subarray(0, TEXT_BYTES))
  const cut = body.length > TEXT_BYTES
  return (
    <>
      <Pre look="payload-text" label="The payload as text">
        <Plain text={redact(text)} />
      </Pre>
      {cut ? <p class="dim">This is its beginning; the download has all of it.</p> : null}
    </>
  )
}

function parse(body: Uint8Array): { value: unknown } | null {
  if (body.length === 0 || body.length > LARGEST) return null
  const bytes = Buffer.from(body)
  try {
    return { value: JSON.parse((formPayload(bytes) ?? bytes).toString()) }
  } catch {
    return null
  }
}

function Tree({ value, redact }: { value: unknown; redact: Redact }) {
  const room = { left: ENTRIES, redact }
  return <div class="tree">{branch(value, room, { depth: 0, path: 'payload' })}</div>
}

type Room = { left: number; readonly redact: Redact }

interface Place {
  readonly depth: number
  /** As conditions of "match" name it; null where they cannot. */
  readonly path: string | null
}

function branch(value: unknown, room: Room, place: Place) {
  if (typeof value !== 'object' || value === null) return leaf(value, room)
  const keys = Object.keys(value)
  const isList = Array.isArray(value)
  if (keys.length === 0) return <span class="v-none">{isList ? '[ ]' : '{ }'}</span>
  const drawn: Child[] = []
  for (const key of keys) {
    if (room.left <= 0) break
    room.left--
    const shown = room.redact(key)
    const path = pathOf(place.path, shown, isList)
    drawn.push(entry(shown, Reflect.get(value, key), room, { depth: place.depth, path }))
  }
  return (
    <ul>
      {drawn}
      <More left={keys.length - drawn.length} />
    </ul>
  )
}

/** Where the room was used up; once in each list around it that has not been drawn to its end. */
function More({ left }: { left: number }) {
  if (left === 0) return null
  return <li class="dim">… and {left.toLocaleString('en')} more: Download has all of it</li>
}

function entry(key: string, value: unknown, room: Room, place: Place) {
  const { depth, path } = place
  const count = typeof value === 'object' && value !== null ? Object.keys(value).length : 0
  if (count === 0) {
    return (
      <li>
        <CopyPath path={path} />
        <span class="k">
          <Plain text={cut(key)} />
        </span>
        {branch(value, room, place)}
      </li>
    )
  }
  return (
    <li>
      <CopyPath path={path} />
      <details open={depth < 1 && count <= 12}>
        <summary>
          <span class="k">
            <Plain text={cut(key)} />
          </span>
          <span class="dim">{Array.isArray(value) ? `[${count}]` : `{${count}}`}</span>
        </summary>
        {depth > DEEPEST ? (
          <span class="dim">deeper than is shown: Download has all of it</span>
        ) : (
          branch(value, room, { depth: depth + 1, path })
        )}
      </details>
    </li>
  )
}

/** Longer ones nobody would copy, and each would stand in the page once more for each key beneath it. */
const LONGEST_PATH = 200

function pathOf(outer: string | null, key: string, isList: boolean): string | null {
  if (outer === null || (!isList && !/^\w[\w-]*$/.test(key))) return null
  const path = isList ? `${outer}[${key}]` : `${outer}.${key}`
  return path.length > LONGEST_PATH ? null : path
}

/** Without scripts the path can be read where it is pointed at. */
function CopyPath({ path }: { path: string | null }) {
  if (path === null) return null
  return (
    <button
      type="button"
      class="copy-path"
      data-path={path}
      title={path}
      aria-label={`Copy the path ${path}`}
    >
      path
    </button>
  )
}

function leaf(value: unknown, { redact }: Room) {
  if (typeof value !== 'string') return <span class="v-other">{String(value)}</span>
  return (
    <span class="v-text">
      <Plain text={cut(redact(value))} />
    </span>
  )
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
