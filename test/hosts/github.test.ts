import { expect, test } from 'vitest'
import { github } from '../../src/hosts/github.ts'
import type { Payload } from '../../src/hosts/host.ts'
import { formField } from '../../src/hosts/pushed.ts'

const repository = { full_name: 'acme/site' }
const run = (head_repository: unknown) => ({
  action: 'completed',
  repository,
  workflow_run: { head_branch: 'main', head_sha: 'a'.repeat(40), head_repository },
})

function updateOf(event: string, payload: Payload) {
  const content = github.normalise({ 'x-github-event': event }, payload)
  if ('problem' in content) throw new Error(content.problem)
  return content.updates[0]
}

test.each([
  [{ full_name: 'acme/site' }, false],
  [{ full_name: 'mallory/site' }, true],
  [null, true],
])('a workflow run of %j is from a fork: %s', (head, fork) => {
  expect(updateOf('workflow_run', run(head))?.fork).toBe(fork)
})

test('what is no object id is no sha', () => {
  const push = { ref: 'refs/heads/main', before: 'x', after: '$(touch /tmp/x)', repository }
  expect(updateOf('push', push)).toMatchObject({ sha: null, before: null })
})

test('a field of a form is found among a million others', () => {
  expect(formField(`a=1&payload=%7B%22a%22%3A+1%7D&b=2`, 'payload')).toBe('{"a": 1}')
  expect(formField('payload=%zz', 'payload')).toBeNull()
  expect(formField('xpayload=1', 'payload')).toBeNull()
  expect(formField(`${'a&'.repeat(1_000_000)}payload=x`, 'payload')).toBe('x')
})
