/** A payload as a tree that folds. Keys and values are what a stranger sent: text, and nothing else. */

import { formPayload } from '../hosts/pushed.ts'
import { Plain, Pre } from './visible.tsx'

/** Entries drawn at most, and characters of one value: a page is no place for 25 MB. */
const ENTRIES = 3000
const LONGEST = 2000
const TEXT_BYTES = 64 * 1024
const LARGEST = 2 * 1024 * 1024

export function Payload({ body }: { body: Uint8Array }) {
  const parsed = parse(body)
  if (parsed) return <Tree value={parsed.value} />
  const text = new TextDecoder().decode(body.subarray(0, TEXT_BYTES))
  const cut = body.length > TEXT_BYTES
  return (
    <>
      <Pre look="payload-text" label="The payload as text">
        <Plain text={text} />
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

function Tree({ value }: { value: unknown }) {
  const room = { left: ENTRIES }
  return (
    <div class="tree">
      {branch(value, room, 0)}
      {room.left <= 0 ? <p class="dim">The rest is only in the download.</p> : null}
    </div>
  )
}

type Room = { left: number }

function branch(value: unknown, room: Room, depth: number) {
  if (typeof value !== 'object' || value === null) return leaf(value)
  const entries = Object.entries(value)
  if (entries.length === 0)
    return <span class="v-none">{Array.isArray(value) ? '[ ]' : '{ }'}</span>
  return <ul>{entries.map(([key, inner]) => entry(key, inner, room, depth))}</ul>
}

function entry(key: string, value: unknown, room: Room, depth: number) {
  if (room.left-- <= 0) return null
  const folds = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!folds) {
    return (
      <li>
        <span class="k">
          <Plain text={key} />
        </span>
        {branch(value, room, depth)}
      </li>
    )
  }
  const count = Object.keys(value).length
  return (
    <li>
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
          branch(value, room, depth + 1)
        )}
      </details>
    </li>
  )
}

function leaf(value: unknown) {
  if (typeof value !== 'string') return <span class="v-other">{String(value)}</span>
  const shown = value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value
  return (
    <span class="v-text">
      <Plain text={shown} />
    </span>
  )
}
