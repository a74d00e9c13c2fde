/**
 * Repositories as each host names them, and what was meant by what is none.
 */

import { describe, expect, test } from 'vitest'
import { matchesRepository } from '../../src/hooks/pattern.ts'
import { repositoryAdvice, repositorySyntax } from '../../src/hooks/repository.ts'
import { hookOf, linesOf, REF, written } from './written.ts'

describe('a repository', () => {
  test.each([
    'github:acme/site',
    'gitlab:acme/web/team/site',
    'gitlab:acme/**',
    'bitbucket:acme/*',
    'bitbucket-dc:PRJ/my-repo',
    'bitbucket-dc:~ada/site',
    'gitea:acme/site',
    'forgejo:acme/site.git-hooks',
    'gogs:acme/site',
    'azure:My project/site',
    "azure:Ada's (old) projekt ü/repo & co",
    'azure:*/site',
    'gitee:acme/site',
    'sourcehut:~ada/site',
  ])('may be %s', (text) => {
    expect(repositorySyntax.test(text)).toBe(true)
  })

  test.each([
    'acme/site',
    'github:acme',
    'github:acme/web/site',
    'github:~ada/site',
    'gitlab:site',
    'gitlab:acme//site',
    'gitlab:acme/site/',
    'azure:org/project/repo',
    'azure: project/repo',
    'azure:a%20b/repo',
    'sourcehut:ada/site',
    'webhook:acme/site',
    'GITHUB:acme/site',
    'github:acme/site\n',
  ])('is never %j', (text) => {
    expect(repositorySyntax.test(text)).toBe(false)
  })

  test.each([
    ['https://github.com/acme/site.git', 'github:acme/site'],
    ['git@gitlab.com:acme/web/team/site.git', 'gitlab:acme/web/team/site'],
    ['https://gitlab.example.com/acme/site', 'gitlab:acme/site'],
    ['https://codeberg.org/acme/site', 'forgejo:acme/site'],
    ['codeberg:acme/site', 'forgejo:acme/site'],
    ['https://bitbucket.org/acme/site/', 'bitbucket:acme/site'],
    ['bitbucket-server:PRJ/site', 'bitbucket-dc:PRJ/site'],
    ['https://gitee.com/acme/site', 'gitee:acme/site'],
    ['https://gitea.com/acme/site', 'gitea:acme/site'],
    ['https://git.sr.ht/~ada/site', 'sourcehut:~ada/site'],
    ['https://dev.azure.com/acme/My%20project/_git/site', 'azure:My project/site'],
    ['https://acme@dev.azure.com/acme/site/_git/site', 'azure:site/site'],
    ['https://acme.visualstudio.com/_git/site', 'azure:site/site'],
    ['azure:site', 'azure:project/repository'],
    ['sourcehut:ada/site', 'sourcehut:~user/name'],
    ['gitlab:site', 'gitlab:group/name'],
    ['acme/site', 'github:acme/site'],
    ['my site', null],
  ])('written as %s was meant as %s', (text, meant) => {
    expect(repositoryAdvice(text)).toBe(meant)
  })

  test('matches by name whatever its case; one star stays in one group', () => {
    expect(matchesRepository('acme/*', 'acme/site')).toBe(true)
    expect(matchesRepository('acme/*', 'acme/web/site')).toBe(false)
    expect(matchesRepository('acme/**', 'acme/web/team/site')).toBe(true)
    expect(matchesRepository('My Project/site', 'my project/Site')).toBe(true)
    expect(matchesRepository('~ada/*', '~ada/site')).toBe(true)
  })
})

describe('a hook', () => {
  test.each(['gitlab', 'bitbucket-dc', 'gitea', 'forgejo', 'gogs', 'gitee'])(
    'of %s takes the secret of its host',
    async (host) => {
      const hook = { repo: `${host}:acme/site`, run: 'true' }
      const hosts = { [host]: { secret: REF } }
      expect(await hookOf(hook, { hosts })).toMatchObject({ host, hostSecrets: true })
    },
  )

  test('of Azure DevOps has user and password for a secret', async () => {
    const hook = { repo: 'azure:My project/site', run: 'true', secret: REF }
    expect(await linesOf(hook)).toEqual([
      'error hooks.a.secret: SECRET has no ":"; Azure DevOps sends "user:password"',
    ])
    expect(await linesOf(hook, { environment: { SECRET: 'a-long-user-name:short' } })).toEqual([
      'error hooks.a.secret: the password in SECRET has 5 bytes; at least 16 are needed',
      'warn hooks.a.secret: SECRET has 22 bytes; 24 or more are hard to guess',
    ])
    const environment = { SECRET: 'deploy:canary-0123456789' }
    expect(await linesOf(hook, { environment })).toEqual([])
    const { lines } = await written({
      hosts: { azure: { secret: REF } },
      hooks: { a: { repo: 'azure:p/r', run: 'true' } },
    })
    expect(lines).toEqual([
      'error hosts.azure.secret: SECRET has no ":"; Azure DevOps sends "user:password"',
    ])
  })

  test('of sourcehut needs no secret, and an address that nobody can guess', async () => {
    const hook = { repo: 'sourcehut:~ada/site', run: 'true' }
    const needs =
      'needs a "url" that nobody can guess: sourcehut signs what anybody with an account there asks it to'
    expect(await linesOf(hook)).toEqual([`error hooks.a ${needs}`])
    expect(await linesOf({ ...hook, url: '/srht/site' })).toEqual([`error hooks.a.url ${needs}`])
    const url = '/srht/0123456789abcdef0123456789abcdef'
    expect(await linesOf({ ...hook, url })).toEqual([])
    expect(await hookOf({ ...hook, url })).toMatchObject({
      secrets: [{ name: "sr.ht's key", value: expect.stringMatching(/^whpk_uX7K/) }],
      path: url,
    })
    const secret = `whpk_${Buffer.alloc(32, 7).toString('base64')}`
    expect((await hookOf({ ...hook, url, secret })).secrets[0]?.value).toBe(secret)
  })

  test('may have a public key in the file: it is none of the secrets', async () => {
    const secret = `whpk_${Buffer.alloc(32, 7).toString('base64')}`
    expect(await linesOf({ on: 'manual', run: 'true', secret })).toEqual([])
  })

  const whpk = `whpk_${Buffer.alloc(32, 7).toString('base64')}`
  const secret = 'error hooks.a.secret: SECRET'
  test.each([
    ['github:a/b', whpk, 'is a public key, by which nothing is signed here'],
    ['gitlab:a/b', whpk, 'is a public key, by which nothing is signed here'],
    [
      'sourcehut:~a/b',
      'hello, this is no key at all',
      'is not a public key: "whpk_" and 32 bytes in base64',
    ],
    [
      'gitlab:a/b',
      'whsec_not base64, so it seems',
      'begins with "whsec_", but what follows is not base64 of 16 bytes or more',
    ],
  ])('of %s is told when its secret %j cannot prove anything', async (repo, value, problem) => {
    const url = '/srht/0123456789abcdef0123456789abcdef'
    const hook = { repo, url, run: 'true', secret: REF }
    expect(await linesOf(hook, { environment: { SECRET: value } })).toEqual([
      `${secret} ${problem}`,
    ])
  })

  test('may have any text for a secret where no prefix gives it a form', async () => {
    const environment = { SECRET: 'whsec_of this host just a text' }
    const hook = { run: 'true', secret: REF }
    expect(await linesOf({ ...hook, repo: 'gitea:a/b' }, { environment })).toEqual([])
    const signature = { header: 'X-Signature' }
    expect(await linesOf({ ...hook, on: 'manual', signature }, { environment })).toEqual([])
  })
})
