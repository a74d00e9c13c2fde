/**
 * From `match` to conditions: places that can be looked up, values that can be compared, and the words
 * for both. Warns of what looks like a lock and is none.
 */

import type { HostName } from '../model/delivery.ts'
import type { Condition, Wish } from '../model/hook.ts'
import { shownValue } from './conditions.ts'
import type { HookDraft } from './draft.ts'
import { mayHoldSecret } from './header-names.ts'
import { compileLike } from './pattern.ts'
import { formatPath, type Path } from './problems.ts'
import { isWithin, type Report } from './report.ts'
import type { ScalarWritten, TestWritten, WantedWritten } from './schema-match.ts'
import { asList } from './triggers.ts'

export function readMatch({ written, path, report }: HookDraft, host: HostName): Condition[] {
  const at = [...path, 'match']
  const entries = Object.entries(written.match ?? {})
  const refused = report.refused.some((other) => isWithin(other, at))
  if (written.match !== undefined && entries.length === 0 && !refused)
    report.error(at, 'is empty; name a place, such as "payload.sender.login"')
  return entries.map(([place, value]) => {
    const here = [...at, place]
    const keys = readPlace(here, place, report)
    warnOfAuthors(here, keys, host, report)
    return { place, path: keys, ...readWanted(here, value, report) }
  })
}

// ---- places --------------------------------------------------------------------------------------------

const STEP = /\.([^\s.[\]]+)|\[(\d+|\*)\]/g
const PAYLOAD = /^payload(?:\.[^\s.[\]]+|\[(?:\d+|\*)\])+$/
const HEADER = /^header\.([\w-]+)$/

function readPlace(path: Path, place: string, report: Report): Condition['path'] {
  const header = HEADER.exec(place)?.[1]?.toLowerCase()
  if (header !== undefined) {
    if (mayHoldSecret(header))
      report.error(path, 'is never kept, for it may prove who somebody is', { at: 'key' })
    return ['header', header]
  }
  if (!PAYLOAD.test(place)) report.error(path, ...noPlace(place))
  const keys = [...place.matchAll(STEP)].map(([, key, index]) =>
    index === '*' ? null : (key ?? index ?? ''),
  )
  return ['payload', ...keys]
}

function noPlace(place: string): [message: string, options: { at: 'key'; hint: string | null }] {
  const message = 'is no place in a delivery; write "payload.sender.login" or "header.x-env"'
  const rest = place.replace(/^(?:body|json|payload|headers?)\.?(?=\w)/, '')
  const guess = /^headers\./.test(place) ? `header.${rest}` : `payload.${rest}`
  const right = PAYLOAD.test(guess) || HEADER.test(guess)
  return [message, { at: 'key', hint: right ? `did you mean "${guess}"?` : null }]
}

/** Git takes any name for an author, and hosts pass it on. */
function warnOfAuthors(path: Path, keys: Condition['path'], host: HostName, report: Report): void {
  const person = keys.findIndex((key) => key === 'author' || key === 'committer')
  const ofCommit = keys.slice(0, Math.max(0, person)).some((key) => commits.includes(key ?? ''))
  if (!ofCommit) return
  const pusher = pushers[host]
  const hint = pusher === undefined ? null : `who pushed it stands in "${pusher}"`
  report.warn(path, 'says who wrote a commit, and anybody may write any name there', {
    at: 'key',
    hint,
  })
}

const commits = ['commits', 'commit', 'head_commit', 'last_commit', 'target', 'toCommit']

/** Whom the host itself knows. */
const pushers: Partial<Record<HostName, string>> = {
  github: 'payload.sender.login',
  gitlab: 'payload.user_username',
  bitbucket: 'payload.actor.uuid',
  'bitbucket-dc': 'payload.actor.name',
  gitea: 'payload.sender.login',
  forgejo: 'payload.sender.login',
  gogs: 'payload.sender.login',
}

// ---- values --------------------------------------------------------------------------------------------

function readWanted(
  path: Path,
  written: WantedWritten | WantedWritten[],
  report: Report,
): Pick<Condition, 'wishes' | 'wants'> {
  const list = asList(written)
  if (list.length === 0) report.error(path, 'is an empty list: nothing would ever match')
  const read = list.map((item, index) => {
    const here = Array.isArray(written) ? [...path, index] : path
    return isTest(item) ? readTest(here, item, report) : readValue(here, item, report)
  })
  return { wishes: read.map(({ wish }) => wish), wants: oneOf(read.map(({ words }) => words)) }
}

interface Read {
  readonly wish: Wish
  readonly words: string
}

function isTest(item: WantedWritten): item is TestWritten {
  return typeof item === 'object' && item !== null
}

/** Words are those of the file: what stands for `${NAME}` may be nobody's business. */
function readValue(path: Path, value: ScalarWritten, report: Report): Read {
  const words = shownValue(report.written(path) ?? value)
  if (typeof value !== 'string' || !value.includes('*')) return { wish: { is: value }, words }
  const pattern = compileLike(value)
  if ('problem' in pattern) report.refuse(path, `${words} ${pattern.problem}`)
  return { wish: { like: value }, words }
}

const signs = ['>', '>=', '<', '<='] as const

function readTest(path: Path, test: TestWritten, report: Report): Read {
  const { exists, not } = test
  if (Object.keys(test).length === 0 && !hasProblem(path, report))
    report.error(path, 'is empty; write { "exists": true }')
  const compare = signs.flatMap((sign) => {
    const than = test[sign]
    return than === undefined ? [] : [[sign, than] as const]
  })
  if (exists === false && compare.length > 0)
    report.error(path, 'cannot hold: it wants a number, and nothing at all')
  const unwanted = not === undefined ? null : readNot([...path, 'not'], not, report)
  const words = [
    ...(exists === undefined ? [] : [exists ? 'anything' : 'nothing']),
    ...compare.map(([sign, than]) => `${sign} ${than}`),
    ...(unwanted === null ? [] : [unwanted.words]),
  ]
  const wish = {
    ...(exists === undefined ? {} : { exists }),
    ...(compare.length === 0 ? {} : { compare }),
    ...(unwanted === null ? {} : { not: unwanted.wishes }),
  }
  return { wish, words: words.join(' and ') }
}

/** What was wrong in it has been taken out, and told. */
function hasProblem(path: Path, { problems }: Report): boolean {
  return problems.some((problem) => problem.path.startsWith(formatPath(path)))
}

function readNot(path: Path, written: ScalarWritten | ScalarWritten[], report: Report) {
  const list = Array.isArray(written) ? written : [written]
  if (list.length === 0) report.error(path, 'is an empty list: it would forbid nothing')
  const read = list.map((value, index) =>
    readValue(Array.isArray(written) ? [...path, index] : path, value, report),
  )
  const words = read.map((one) => one.words).join(', ')
  return {
    wishes: read.map(({ wish }) => wish),
    words: read.length === 1 ? `not ${words}` : `none of ${words}`,
  }
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`
}
