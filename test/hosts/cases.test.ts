import { describe, expect, test } from 'vitest'
import type { Host } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import type { Content, Update } from '../../src/model.ts'
import { bodyOf, type Case, cases, casesMissing, headersOf } from '../cases.ts'
import { testUnless } from '../needs.ts'

const hosts = [
  { provider: 'github', host: hostOf('github') },
  { provider: 'bitbucket-cloud', host: hostOf('bitbucket') },
]

/** Signed with SHA-1 alone. The vectors call them valid; we accept no SHA-1, and say so. */
const sha1Only = new Set(['go-github-sha1', 'github-push-goscm-sha1-only'])

describe.each(hosts)('deliveries of $provider', ({ provider, host }) => {
  testUnless(casesMissing)(`are there to be tested ${casesMissing ?? ''}`, () => {
    expect(cases(provider).length).toBeGreaterThan(5)
  })

  test.each(cases(provider))('$id is accepted or refused as expected', async (entry) => {
    const expected = sha1Only.has(entry.id) ? 'invalid' : entry.expect.auth
    expect(await authenticate(host, entry)).toBe(expected)
  })

  const readable = cases(provider).filter(
    (entry) => entry.expect.auth === 'valid' && entry.expect.normalized,
  )
  test.each(readable)('$id reads as expected', (entry) => {
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

async function authenticate(host: Host, entry: Case): Promise<string> {
  const headers = headersOf(entry)
  if (host.refuse(headers)) return 'invalid'
  const secrets = [{ name: 'SECRET', value: entry.auth.secret }]
  const proof = await host.verify(headers, bodyOf(entry), secrets, (entry.clock ?? 0) * 1000)
  return proof.ok ? 'valid' : 'invalid'
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
