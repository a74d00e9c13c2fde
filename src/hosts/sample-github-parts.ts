/** What GitHub puts into every delivery: the repository and people, and the addresses they go by. */

import { type Json, numberFor, type Wish } from './sample-wish.ts'

export function repository(wish: Wish): Json {
  return {
    id: numberFor(wish.repository),
    name: wish.name,
    full_name: wish.repository,
    private: true,
    owner: user(wish.owner),
    html_url: page(wish),
    url: api(wish),
    description: null,
    fork: false,
    clone_url: `${page(wish)}.git`,
    ssh_url: `git@github.com:${wish.repository}.git`,
    default_branch: 'main',
    visibility: 'private',
    archived: false,
    pushed_at: wish.time,
  }
}

export function user(login: string): Json {
  return {
    login,
    id: numberFor(login),
    html_url: `https://github.com/${login}`,
    url: `https://api.github.com/users/${login}`,
    type: 'User',
    site_admin: false,
  }
}

export function emailOf(login: string): string {
  return `${login}@users.noreply.github.com`
}

export function page(wish: Wish): string {
  return `https://github.com/${wish.repository}`
}

export function api(wish: Wish): string {
  return `https://api.github.com/repos/${wish.repository}`
}
