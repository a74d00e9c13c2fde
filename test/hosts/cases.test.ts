import { isUtf8 } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { genericHost } from '../../src/hosts/generic.ts'
import type { Host } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import type { Content, HostName, Update } from '../../src/model/delivery.ts'
import type { Secret, SignatureScheme } from '../../src/model/hook.ts'
import { allCases, bodyOf, type Case, cases, casesMissing, headersOf } from '../cases.ts'
import { testUnless } from '../needs.ts'

/** Every provider of the file. Those that are no Git host are described by each entry itself. */
const hostNames: Readonly<Record<string, HostName>> = {
  github: 'github',
  gitlab: 'gitlab',
  'bitbucket-cloud': 'bitbucket',
  'bitbucket-dc': 'bitbucket-dc',
  gitea: 'gitea',
  forgejo: 'forgejo',
  gogs: 'gogs',
  'azure-devops': 'azure',
  gitee: 'gitee',
  sourcehut: 'sourcehut',
  'standard-webhooks': 'webhook',
  generic: 'webhook',
}

/** What the file calls valid and we refuse, each for a reason of its own. */
const refused = new Map([
  ['go-github-sha1', 'signed with SHA-1 alone, which GitHub keeps for old receivers only'],
  ['github-push-goscm-sha1-only', 'the same'],
  [
    'gitea-push-get',
    'a GET with the payload in its query: it would stand in access logs, and is longer than servers take',
  ],
])

testUnless(casesMissing)(`the deliveries are there ${casesMissing ?? ''}`, () => {
  const all = allCases()
  expect(all.length).toBeGreaterThanOrEqual(142)
  expect(all.filter(({ provider }) => !Object.hasOwn(hostNames, provider))).toEqual([])
  const ids = all.filter(({ expect }) => expect.auth === 'valid').map(({ id }) => id)
  expect([...refused.keys()].filter((id) => !ids.includes(id))).toEqual([])
})

describe.each(Object.keys(hostNames))('deliveries of %s', (provider) => {
  test.each(cases(provider))('$id is accepted or refused as expected', async (entry) => {
    const expected = refused.has(entry.id) ? 'invalid' : entry.expect.auth
    expect(await authenticate(hostFor(entry), entry)).toBe(expected)
  })

  test.each(cases(provider))('$id with a byte of its proof changed is refused', async (entry) => {
    const header = entry.auth.header.toLowerCase()
    const value = headersOf(entry)[header]
    if (!value) return
    const changed = value.slice(0, -2) + (value.at(-2) === 'A' ? 'B' : 'A') + value.slice(-1)
    expect(await authenticate(hostFor(entry), entry, { [header]: changed })).toBe('invalid')
  })

  const readable = cases(provider).filter(
    (entry) =>
      entry.expect.auth === 'valid' && entry.expect.normalized && entry.id !== 'gitea-push-get',
  )
  test.each(readable)('$id reads as expected', (entry) => {
    const host = hostFor(entry)
    const headers = headersOf(entry)
    const parsed = host.parse(headers, bodyOf(entry))
    if ('problem' in parsed) throw new Error(parsed.problem)
    const content = host.normalise(headers, parsed.payload)
    if ('problem' in content) throw new Error(content.problem)
    expect(content.updates.map((update) => inTheirWords(content, update))).toEqual(
      entry.expect.normalized?.map(comparable),
    )
  })
})

function hostFor(entry: Case): Host {
  if (entry.provider === 'generic') return genericHost(schemeOf(entry))
  const name = hostNames[entry.provider]
  if (!name) throw new Error(`no host for ${entry.provider}`)
  return hostOf(name)
}

/** An entry's description, as a user would write it into the hooks file. */
function schemeOf(entry: Case): SignatureScheme {
  const { header, algorithm, encoding, prefix } = entry.auth
  const dated = entry.auth.scheme === 'hmac-body+date'
  const [optional] = /[a-z0-9]+=$/.exec(prefix) ?? []
  const value = headersOf(entry)[header.toLowerCase()] ?? ''
  return {
    header: header.toLowerCase(),
    algorithm: algorithm as SignatureScheme['algorithm'], // the file has no others
    encoding: encoding as SignatureScheme['encoding'], // likewise
    // "optional sha1=": there or not, which a user has to know.
    prefix: optional && value.startsWith(optional) ? optional : '',
    timestamp: dated ? 'date' : null,
    template: dated ? '{body}{timestamp}' : '{body}',
    toleranceMs: 300_000,
  }
}

async function authenticate(host: Host, entry: Case, changes = {}): Promise<string> {
  const headers = { ...headersOf(entry), ...changes }
  if (host.refuse(headers)) return 'invalid'
  const proof = await host.verify(headers, bodyOf(entry), secretsOf(entry), clockOf(entry))
  return proof.ok ? 'valid' : 'invalid'
}

/** A key that is no text is written as `whsec_` and base64. */
function secretsOf({ auth }: Case): Secret[] {
  const bytes = Buffer.from(auth.secret_hex ?? '', 'hex')
  const key = isUtf8(bytes) ? bytes.toString('utf8') : `whsec_${bytes.toString('base64')}`
  return [{ name: 'SECRET', value: auth.secret ?? auth.public_key ?? key }]
}

/** The one dated entry names no clock; it is a date of its own. */
function clockOf(entry: Case): number {
  return entry.clock === undefined ? Date.parse(headersOf(entry).date ?? '') : entry.clock * 1000
}

const compared = [
  ...['raw_event', 'event', 'action', 'repo', 'ref', 'branch', 'tag', 'sha', 'before', 'actor'],
  ...['deleted', 'created', 'forced', 'default_branch', 'commits', 'files', 'number'],
  ...['base_branch', 'merged'],
]

function comparable(expected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(compared.map((key) => [key, expected[key] ?? null]))
}

function inTheirWords(content: Content, update: Update): Record<string, unknown> {
  return {
    raw_event: content.event,
    event: update.event,
    action: content.action,
    repo: content.repository,
    ref: update.ref,
    branch: update.branch,
    tag: update.tag,
    sha: update.sha,
    before: update.before,
    actor: content.sender,
    deleted: update.deleted,
    created: update.created,
    forced: update.forced,
    default_branch: content.defaultBranch,
    commits: update.commits,
    files: update.files,
    number: update.number,
    base_branch: update.baseBranch,
    merged: update.merged,
  }
}
