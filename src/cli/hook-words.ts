/** A hook in a few words, for tables: what starts it, and what it runs. */

import type { Hook, Step, Trigger } from '../model/hook.ts'
import { printable } from './printable.ts'

/** `github:acme/site push main`, `manual`, `GET if header.x-env is prod*` */
export function startsOn(hook: Hook): string {
  const where = hook.repositories.map(({ host, name }) => `${host}:${name}`)
  const what = hook.triggers.map(triggerText)
  const asked = hook.match.map(({ place, wants }) => `${place} is ${wants}`)
  const when = asked.length === 0 ? '' : `if ${asked.join(' and ')}`
  const parts = [where.join(', '), what.join(', '), when]
  return printable(parts.filter((text) => text !== '').join(' '))
}

/** `git pull --ff-only (+3)` */
export function runsWhat(hook: Hook): string {
  const [first, ...more] = hook.steps
  if (!first) return ''
  const [line = '', ...rest] = stepText(first).split('\n')
  const cut = rest.length > 0 ? ' …' : ''
  return printable(`${line}${cut}${more.length > 0 ? ` (+${more.length})` : ''}`)
}

/** `web`, `every web, 1 at a time until one fails, catching up` */
export function runsWhere({ placement }: Hook): string {
  const { label, every, maxParallel, failFast, catchUp } = placement
  if (!every) return label
  const pace = maxParallel === null ? '' : `, ${maxParallel} at a time`
  const end = failFast ? `${pace === '' ? ',' : ''} until one fails` : ''
  return `every ${label}${pace}${end}${catchUp ? ', catching up' : ''}`
}

function triggerText(trigger: Trigger): string {
  if (trigger.event === 'get' || trigger.event === 'post') return trigger.event.toUpperCase()
  const filters = [
    list('', trigger.branches),
    list('not ', trigger.branchesIgnore),
    list('tags ', trigger.tags),
    list('not tags ', trigger.tagsIgnore),
    list('in ', trigger.paths),
    list('not in ', trigger.pathsIgnore),
    list('', trigger.types),
  ]
  return [trigger.event, ...filters.filter((text) => text !== '')].join(' ')
}

function list(prefix: string, patterns: readonly string[] | null): string {
  return patterns === null ? '' : prefix + patterns.join(' ')
}

function stepText(step: Step): string {
  switch (step.kind) {
    case 'shell':
      return step.line
    case 'command':
      return step.argv.join(' ')
    case 'signal':
      return `${step.signal} to ${step.pidfile}`
  }
}
