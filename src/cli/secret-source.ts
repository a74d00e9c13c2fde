/**
 * Where a shell finds a secret that the hooks file refers to. Each way is tried out here first: what it
 * would give must be the secret as loaded, or the next way is taken.
 */

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { quote } from '../hosts/recipes.ts'
import type { Secret } from '../model/hook.ts'
import { type HookFile, near } from './hook-file.ts'
import type { Terminal } from './terminal.ts'

/** The right-hand side of an assignment, such as `$(sed -n 's/^BLOG_SECRET=//p' .env)`; null = nowhere. */
export async function shellSource(
  secret: Secret,
  { envFile, files }: HookFile,
  terminal: Terminal,
): Promise<string | null> {
  const { name, value } = secret
  const isVariable = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
  const env = await readFile(envFile, 'utf8').catch(() => '')
  const file = quote(near(envFile, terminal))
  if (isVariable && afterName(env, name) === value) return `$(sed -n 's/^${name}=//p' ${file})`
  if (isVariable && terminal.environment[name] === value) return `$${name}`
  if (isVariable && env.includes(name)) {
    return `$(env -u ${name} node --env-file=${file} -p process.env.${name})`
  }
  for (const path of files) {
    if (basename(path) === name && (await lastLine(path)) === value) {
      return `$(cat ${quote(near(path, terminal))})`
    }
  }
  return null
}

/** What sed prints for it, and `$(…)` leaves of that. */
function afterName(env: string, name: string): string {
  const lines = env.split('\n').filter((line) => line.startsWith(`${name}=`))
  return lines.map((line) => line.slice(name.length + 1)).join('\n')
}

async function lastLine(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).replace(/\n+$/, '')
}
