/**
 * (hook, delivery) -> verdicts. Pure. Each check says what was wanted and what was found, in the order a
 * person would ask; the first that fails ends the verdict, because it is the answer to "why not?";
 * only of the conditions, which come last, all are judged.
 * The checks `duplicate` and `replay` need the database and are added by the Store.
 */

import type { Check, Content, Delivery, Update, Verdict } from '../model/delivery.ts'
import type { Hook, Trigger } from '../model/hook.ts'
import { changed, fewOf, noneCounts } from './changed-files.ts'
import { fail, pass, unknown } from './check.ts'
import { judgeConditions } from './conditions.ts'
import { filter, matchesRepository } from './pattern.ts'

type Judged = Pick<Delivery, keyof Content | 'host' | 'headers' | 'proof'>

/**
 * One verdict per update of the delivery. `signature` is why this hook accepts, or not, how it was signed;
 * `payload` is what was parsed of the body.
 */
export function judge(hook: Hook, delivery: Judged, payload: unknown, signature: Check): Verdict[] {
  return delivery.updates.map((update, index) => {
    const checks = judgeUpdate(hook, delivery, update, signature)
    if (passes(checks)) {
      checks.push(...judgeConditions(hook.match, { payload, header: delivery.headers }))
    }
    const matched = passes(checks)
    return { hook: hook.name, update: index, matched, checks, run: null }
  })
}

function passes(checks: readonly Check[]): boolean {
  return checks.every((check) => check.result !== 'fail')
}

type Rule = (hook: Hook, delivery: Judged, update: Update) => Check | null

/** Cheap and telling first. A rule that has nothing to say about a hook returns null. */
const before: readonly Rule[] = [enabled, repository]
const after: readonly Rule[] = [fork, unusualRef]

function judgeUpdate(hook: Hook, delivery: Judged, update: Update, signature: Check): Check[] {
  const checks = [signature]
  if (signature.result === 'fail') return checks
  if (!applyRules(before, hook, delivery, update, checks)) return checks
  checks.push(...bestTrigger(hook, delivery, update))
  if (checks.at(-1)?.result === 'fail') return checks
  applyRules(after, hook, delivery, update, checks)
  return checks
}

function applyRules(
  rules: readonly Rule[],
  hook: Hook,
  delivery: Judged,
  update: Update,
  checks: Check[],
): boolean {
  for (const rule of rules) {
    const check = rule(hook, delivery, update)
    if (check) checks.push(check)
    if (check?.result === 'fail') return false
  }
  return true
}

function enabled(hook: Hook): Check | null {
  return hook.enabled
    ? null
    : fail('enabled', 'true', 'false', 'is switched off ("enabled": false)')
}

function repository(hook: Hook, delivery: Judged): Check | null {
  if (hook.repositories.length === 0) return null
  const wanted = hook.repositories.map((repo) => repo.name)
  const found = delivery.repository
  if (found === null) return fail('repo', wanted.join(', '), '', 'the delivery names no repository')
  if (wanted.some((name) => matchesRepository(name, found)))
    return pass('repo', found, wanted.join(', '))
  return fail('repo', wanted.join(', '), found, `${found} is not ${oneOf(wanted)}`)
}

/** The trigger that lets the update through; if none does, the one that came furthest explains it. */
function bestTrigger(hook: Hook, delivery: Judged, update: Update): Check[] {
  let best: Check[] = []
  for (const trigger of hook.triggers) {
    const checks = judgeTrigger(trigger, delivery, update)
    if (passes(checks)) return checks
    if (checks.length > best.length) best = checks
  }
  return best.length > 1 ? best : [eventMismatch(hook, delivery, update)]
}

function eventMismatch(hook: Hook, delivery: Judged, update: Update): Check {
  const wanted = hook.triggers.map((trigger) => trigger.event)
  const found = update.event === 'tag' ? 'tag push' : update.event || delivery.event
  const says = update.event === 'ping' ? 'a ping runs nothing' : `${found} is not ${oneOf(wanted)}`
  return fail('event', wanted.join(', '), found, says)
}

function judgeTrigger(trigger: Trigger, delivery: Judged, update: Update): Check[] {
  if (!eventMatches(trigger, delivery, update))
    return [fail('event', trigger.event, update.event, '')]
  const checks = [pass('event', update.event || delivery.event, trigger.event)]
  for (const rule of [deletion, action, refFilter, pathFilter]) {
    const check = rule(trigger, update, delivery)
    if (check) checks.push(check)
    if (check?.result === 'fail') break
  }
  return checks
}

/** They have no events `create` and `delete`: a push that lacks an end is all they tell. */
const PUSH_TELLS_ALL = ['gitlab', 'bitbucket', 'bitbucket-dc', 'azure', 'gitee', 'sourcehut']

function eventMatches({ event: wanted }: Trigger, delivery: Judged, update: Update): boolean {
  if (update.event === 'ping') return wanted === 'ping'
  if (wanted === 'any' || wanted === update.event || wanted === delivery.event) return true
  if (wanted === 'workflow_run') return update.event === 'pipeline' // GitLab's word
  if (wanted === 'push' && update.event === 'tag') return true
  // Gogs tells of a pushed tag by `create` alone; everywhere else that comes beside the push.
  const isGogsTag = delivery.host === 'gogs' && update.event === 'create' && update.tag !== null
  if (wanted === 'push' || wanted === 'tag') return isGogsTag
  if (!PUSH_TELLS_ALL.includes(delivery.host)) return false
  return (
    (wanted === 'delete' && update.deleted === true) ||
    (wanted === 'create' && update.created === true)
  )
}

function deletion(trigger: Trigger, update: Update): Check | null {
  if (update.deleted !== true || trigger.event === 'delete') return null
  const name = update.branch ?? update.tag ?? 'the ref'
  return fail(
    'deleted',
    'not deleted',
    name,
    `${name} was deleted, and deletions run only on "delete"`,
  )
}

/** GitHub's own default for pull requests, in each host's words: opened, reopened, or with new commits. */
const PULL_REQUEST_TYPES: Readonly<Record<string, readonly string[]>> = {
  github: ['opened', 'synchronize', 'reopened'],
  gitlab: ['open', 'reopen', 'update'],
  bitbucket: ['created', 'updated'],
  'bitbucket-dc': ['opened', 'reopened', 'from_ref_updated'],
  gitea: ['opened', 'synchronized', 'reopened'],
  forgejo: ['opened', 'synchronized', 'reopened'],
  gogs: ['opened', 'synchronized', 'reopened'],
  azure: ['created', 'updated'],
  gitee: ['open', 'update'],
}

function action(trigger: Trigger, _update: Update, delivery: Judged): Check | null {
  const byDefault = trigger.event === 'pull_request' ? PULL_REQUEST_TYPES[delivery.host] : undefined
  const wanted = trigger.types ?? byDefault
  if (!wanted) return null
  const found = delivery.action ?? 'no action'
  if (wanted.includes(found)) return pass('types', found, wanted.join(', '))
  const which = trigger.types ? '' : ' (the default)'
  return fail(
    'types',
    wanted.join(', '),
    found,
    `${found} is not in [${wanted.join(', ')}]${which}`,
  )
}

/**
 * GitHub's semantics: with branch filters alone tags do not match, and the other way round; a pull
 * request is judged by the branch it wants to go into.
 */
function refFilter(trigger: Trigger, update: Update): Check | null {
  const onBranches = trigger.branches ?? trigger.branchesIgnore
  const onTags = trigger.tags ?? trigger.tagsIgnore
  if (!onBranches && !onTags) return null
  if (update.tag !== null) {
    if (onTags) return named('tags', trigger.tags, trigger.tagsIgnore, update.tag)
    const wanted = onlyThese(trigger.branches, trigger.branchesIgnore)
    return fail('branches', wanted, update.tag, `tag ${update.tag}, wants branches ${wanted}`)
  }
  const branch = update.baseBranch ?? update.branch
  if (branch === null) return fail('branches', '', '', 'the delivery names no branch or tag')
  if (onBranches) return named('branches', trigger.branches, trigger.branchesIgnore, branch)
  const wanted = onlyThese(trigger.tags, trigger.tagsIgnore)
  return fail('tags', wanted, branch, `branch ${branch}, wants tags ${wanted}`)
}

function onlyThese(include: readonly string[] | null, ignore: readonly string[] | null): string {
  return include ? include.join(', ') : `other than ${ignore?.join(', ')}`
}

function named(
  rule: string,
  include: readonly string[] | null,
  ignore: readonly string[] | null,
  name: string,
): Check {
  const wanted = (include ?? ignore ?? []).join(', ')
  if (include) {
    if (filter(include, name).matched) return pass(rule, name, wanted)
    return fail(rule, wanted, name, `${name} is not in [${wanted}]`)
  }
  const hit = filter(ignore ?? [], name)
  if (!hit.matched) return pass(`${rule}-ignore`, name, `none of ${wanted}`)
  return fail(`${rule}-ignore`, wanted, name, `${name} is ignored by ${hit.by}`)
}

/** At least one changed file must match; a host that gives no list cannot be judged and passes. */
function pathFilter(trigger: Trigger, update: Update, delivery: Judged): Check | null {
  const { paths, pathsIgnore } = trigger
  if ((!paths && !pathsIgnore) || update.tag !== null) return null // GitHub: not judged for tags
  const rule = paths ? 'paths' : 'paths-ignore'
  const wanted = (paths ?? pathsIgnore ?? []).join(', ')
  if (update.files === null) {
    const says = `cannot be judged: ${delivery.host} gave no list of changed files; counted as matched`
    return unknown(rule, wanted, says)
  }
  const total = update.files.length
  const hits = update.files.filter((file) =>
    paths ? filter(paths, file).matched : !filter(pathsIgnore ?? [], file).matched,
  ).length
  if (hits > 0) return pass(rule, `${hits} of ${changed(total)}`, wanted)
  return fail(rule, wanted, fewOf(update.files), noneCounts(update.files, rule, wanted))
}

/** A fork's branch is a stranger's code: it never runs here unless the hook says so. */
function fork(hook: Hook, _delivery: Judged, update: Update): Check | null {
  if (update.fork !== true) return null
  if (hook.allowForks) return pass('fork', 'allowed')
  return fail('fork', 'own repository', 'fork', 'comes from a fork ("allow-forks" is off)')
}

/** Git allows `$(id)`, `;` and a leading `-` in names. They reach commands only as values, yet scripts slip. */
export const USUAL_REF = /^[A-Za-z0-9_][A-Za-z0-9_./+@-]{0,199}$/

function unusualRef(hook: Hook, _delivery: Judged, update: Update): Check | null {
  const name = update.tag ?? update.branch ?? update.ref
  if (name === null || hook.allowUnusualRefs || USUAL_REF.test(name)) return null
  const says = `${name} has characters outside A-Z a-z 0-9 _ . / + @ - or begins with one of . / + @ - ("allow-unusual-refs" is off)`
  return fail('ref', USUAL_REF.source, name, says)
}

function oneOf(wanted: readonly string[]): string {
  return wanted.length === 1 ? `${wanted[0]}` : `in [${wanted.join(', ')}]`
}
