/** Real repositories: a bare one in the place of the Git host's, and work trees of it. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aDirectory } from './some.ts'

export interface Repositories {
  /** Above both, and the HOME of every git that works in them. */
  readonly folder: string
  readonly bare: string
  readonly tree: string
  /** Runs git in the work tree. */
  git(...words: string[]): string
  /** Writes a file of the work tree. */
  write(name: string, text: string): void
  /** Commits all that is there. */
  commit(message: string): void
}

/** One commit on `main`, pushed, and followed by the work tree. */
export function aWorkTree(folder = aDirectory()): Repositories {
  const [bare, tree] = [join(folder, 'acme', 'site.git'), join(folder, 'tree')]
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', tree, ...words], { env, encoding: 'utf8', stdio: 'pipe' })
  const write = (name: string, text: string) => writeFileSync(join(tree, name), text)
  const commit = (message: string) => {
    git('add', '--all')
    git('commit', '--quiet', '-m', message)
  }
  mkdirSync(tree)
  mkdirSync(bare, { recursive: true })
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare], { env })
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'ada')
  git('config', 'user.email', 'ada@example.com')
  git('remote', 'add', 'origin', bare)
  write('README.md', 'one\n')
  commit('one')
  git('push', '--quiet', '--set-upstream', 'origin', 'main')
  return { folder, bare, tree, git, write, commit }
}
