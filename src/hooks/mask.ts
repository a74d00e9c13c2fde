/**
 * Secrets that stand in the text of a hooks file, covered with stars of the same length, so that a line
 * may be shown or kept and columns still fit. A reference such as "${BLOG_SECRET}" is no secret and stays.
 */

import type { Node } from 'jsonc-parser'
import type { Path } from './problems.ts'
import { readTree, scalars } from './source.ts'
import { suggest } from './suggest.ts'

export function maskSecrets(text: string): string {
  const { root, faults } = readTree(text)
  const masked = root === null ? text : maskNodes(text, root)
  // In a broken file a secret may not have been read as one: then everything after such a key goes.
  return faults.length === 0
    ? masked
    : masked.replace(looseSecret, starred).replace(looseUsers, starred)
}

/** Whether a path leads to, or into, a secret, token or password: of a hook, of a host, or of the server. */
export function isSecretPath(path: Path): boolean {
  return isMadePath(path) || isServerSecret(path)
}

/** Of these, what may be made fresh: others cannot have chosen it already. */
export function isMadePath(path: Path): boolean {
  const [room, , key] = path
  if (room === 'hooks' && key === 'users') return true
  return (room === 'hooks' || room === 'hosts') && typeof key === 'string' && isSecretKey(key)
}

/** The URL of a database holds a password. Under a misspelt key as well, whose line is about to be shown. */
function isServerSecret([room, key, within]: Path): boolean {
  if (room !== 'server' || typeof key !== 'string') return false
  if (typeof within === 'string' && /secret|password|token/i.test(within)) return true // of "oidc"
  const meant = suggest(key, [
    'database',
    'seal',
    'data',
    'name',
    'labels',
    'lease',
    'allow',
    'keep',
  ])
  return meant === 'database' || meant === 'seal'
}

/** Whether what stands here may be a secret: in its place, or where people put one by mistake. */
export function mayHoldSecret(path: Path, text: string | null = null): boolean {
  if (isSecretPath(path)) return true
  if (text !== null && isDatabaseUrl(text) && path[0] !== 'hooks') return true
  const [room, , key] = path
  const last = path.at(-1)
  if (room === 'hosts' && path.length === 2) return true // "github": "…" for "github": { "secret": "…" }
  if (room === 'hooks' && key === 'auth') return true
  const inMap = room === 'hooks' && path.length === 2 // a hook may be named so
  return typeof last === 'string' && !inMap && isSecretKey(last)
}

function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text)
}

/** A text that is nothing but the name of a variable, at most with "nothing" as its default. */
export function isReference(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}$/.test(text)
}

function maskNodes(text: string, root: Node): string {
  let masked = text
  for (const { node, path } of scalars(root)) {
    const text = String(node.value)
    if (!mayHoldSecret(path, text) || isLocation(path) || isReference(text)) continue
    if (/^(none|login|basic)$/.test(text)) continue // of "auth"
    const end = node.offset + node.length
    const stars = '*'.repeat(Math.max(0, node.length - 2))
    const cover = node.type === 'string' ? `"${stars}"` : '*'.repeat(node.length)
    masked = masked.slice(0, node.offset) + cover + masked.slice(end)
  }
  return masked
}

/** Misspelt keys too: `"scret": "..."` is an unknown key, and its line is about to be shown. */
function isSecretKey(key: string): boolean {
  const meant = suggest(key, ['secret', 'token', 'repo', 'url', 'run', 'on', 'env', 'shell'])
  return meant === 'secret' || meant === 'token'
}

/** `{"file": ...}` and `{"credential": ...}` say where a secret is, not what it is. */
function isLocation(path: Path): boolean {
  return path.at(-1) === 'file' || path.at(-1) === 'credential'
}

const looseUsers = /(users["']?\s*:\s*)(\{[^}]*)/gi
const looseSecret = /((?:secret|token|password|database|seal)["']?\s*:\s*)([^\n]*)/gi

function starred(_: string, key: string, rest: string): string {
  return key + rest.replace(/\$\{\w+\}|[^\s"',[\]{}]/g, (part) => (part.length > 1 ? part : '*'))
}
