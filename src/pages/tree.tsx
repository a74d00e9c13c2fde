/** A payload as a tree that folds. Keys and values are what a stranger sent: text, and nothing else. */

import { formPayload } from '../hosts/pushed.ts'
import { Plain, Pre } from './visible.tsx'

/** Entries drawn at most, and characters of one value: a page is no place for 25 MB. */
const ENTRIES = 3000
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
  return (
    <div class="tree">
      {branch(value, room, { depth: 0, path: 'payload' })}
      {room.left <= 0 ? <p class="dim">The rest is only in the download.</p> : null}
    </div>
  )
}

type Room = { left: number; readonly redact: Redact }

interface Place {
  readonly depth: number
  /** As conditions of "match" name it; null where they cannot. */
  readonly path: string | null
}

function branch(value: unknown, room: Room, place: Place) {
  if (typeof value !== 'object' || value === null) return leaf(value, room)
  const entries = Object.entries(value)
  const isList = Array.isArray(value)
  if (entries.length === 0) return <span class="v-none">{isList ? '[ ]' : '{ }'}</span>
  return (
    <ul>
      {entries.map(([key, inner]) => {
        const shown = room.redact(key)
        const path = pathOf(place.path, shown, isList)
        return entry(shown, inner, room, { depth: place.depth, path })
      })}
    </ul>
  )
}

function entry(key: string, value: unknown, room: Room, place: Place) {
  if (room.left-- <= 0) return null
  const { depth, path } = place
  const folds = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!folds) {
    return (
      <li>
        <CopyPath path={path} />
        <span class="k">
          <Plain text={key} />
        </span>
        {branch(value, room, place)}
      </li>
    )
  }
  const count = Object.keys(value).length
  return (
    <li>
      <CopyPath path={path} />
      <details open={depth < 1 && count <= 12}>
        <summary>
          <span class="k">
            <Plain text={key} />
          </span>
          <span class="dim">{Array.isArray(value) ? `[${count}]` : `{${count}}`}</span>
        </summary>
        {depth > 40 ? (
          <span class="dim">deeper than is shown</span>
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
  const text = redact(value)
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return (
    <span class="v-text">
      <Plain text={shown} />
    </span>
  )
}
