/** What brings a hook's repository to where its lines look for it: commands to type. */

import { readdirSync } from 'node:fs'
import type { GitHostName } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'

/** Of the hosts that have one address for everybody; the others stand where their owner put them. */
const places: Partial<Record<GitHostName | 'webhook', string>> = {
  github: 'github.com',
  gitlab: 'gitlab.com',
  bitbucket: 'bitbucket.org',
}

/**
 * The folder is made first, since its user may seldom write in the one above; git clones into one that is
 * empty, and only into such a one.
 */
export function cloneLines(hook: Hook, folder: string, user: string): string[] {
  const first = isFilled(folder)
    ? `mv ${folder} ${folder}.before   (git clones only into an empty folder)`
    : null
  return [
    ...(first === null ? [] : [first]),
    ...(isThere(folder) && first === null ? [] : [`install -d -o ${user} ${folder}`]),
    `sudo -u ${user} git clone ${addressOf(hook)} ${folder}`,
  ]
}

/** For SSH, as a deploy key wants it; `ADDRESS` where only the owner of the host knows it. */
export function addressOf({ repositories }: Hook): string {
  const [repository] = repositories
  const place = repository && places[repository.host]
  // A pattern of names is no name.
  if (!place || !/^[\w./-]+$/.test(repository.name)) return 'ADDRESS'
  return `git@${place}:${repository.name}.git`
}

function isThere(folder: string): boolean {
  return entriesOf(folder) !== null
}

function isFilled(folder: string): boolean {
  return (entriesOf(folder) ?? []).length > 0
}

function entriesOf(folder: string): string[] | null {
  try {
    return readdirSync(folder)
  } catch {
    return null
  }
}
