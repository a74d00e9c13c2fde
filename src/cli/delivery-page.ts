/** One delivery for a person: what came, how it was proven, what was answered, and each hook's verdict. */

import type { DeliveryView } from '../show/views.ts'
import { ago, bytes, stamp } from '../show/when.ts'
import { printable } from './printable.ts'
import { shortSha } from './run-words.ts'
import type { Paper, Terminal } from './terminal.ts'
import { verdictPage } from './verdict-page.ts'
import { displayWidth, padTo } from './width.ts'

export function deliveryPage(delivery: DeliveryView, terminal: Terminal): string {
  const { out } = terminal
  const words = wordsOf(delivery)
  const lines = [
    out.style('bold', `#${delivery.id}  ${headline(delivery)}`),
    ...facts(delivery, terminal.now()).map(([name, text]) => fact(name, text, out)),
    `  ${out.style('dim', 'headers')}`,
    ...table(Object.entries(delivery.headers)).map((line) => `    ${line}`),
    ...(words.length === 0 ? [] : [`  ${out.style('dim', 'answer')}`]),
    ...words.map((line) => `    ${line}`),
    '',
    ...verdictPage({ ...delivery, wouldRun: false }, out),
  ]
  return `${lines.join('\n')}\n`
}

export type Headlined = Pick<DeliveryView, 'event' | 'repository' | 'sender' | 'updates'>

/** `push acme/site main 8b1d0e4 by ada` */
export function headline({ event, repository, sender, updates }: Headlined): string {
  const [first] = updates
  const what = [
    first?.event || event,
    repository,
    first?.tag ?? first?.branch,
    shortSha(first?.sha ?? null),
    sender === null ? null : `by ${sender}`,
  ]
  return printable(what.filter(Boolean).join(' '))
}

function facts(delivery: DeliveryView, now: number): (readonly [string, string])[] {
  const { host, guid, event, action, proof, problem, duplicateOf, repeatedBy } = delivery
  const answer = answerIn(delivery)
  const again = repeatedBy.map((id) => `#${id}`).join(', ')
  const received = `${stamp(delivery.receivedAt)} (${ago(delivery.receivedAt, now)})`
  const from = delivery.address === '' ? '' : ` from ${delivery.address}`
  return [
    ['received', `${received}${from} at ${delivery.endpoint}`],
    ['host', [host, guid === null ? null : `delivery ${guid}`].filter(Boolean).join(', ')],
    ['event', action === null ? event : `${event}, ${action}`],
    ...delivery.updates.map((update) => ['ref', refOf(update)] as const),
    ['proof', proof],
    ['body', bodyOf(delivery, now)],
    ...(problem === null ? [] : [['problem', problem] as const]),
    ...(duplicateOf === null ? [] : [['repeats', `delivery #${duplicateOf}`] as const]),
    ...(again === '' ? [] : [['came again', `as ${again}`] as const]),
    ...(answer === null ? [] : [['answered', answer] as const]),
  ]
}

function bodyOf({ bodyBytes, bodyRemovedAt }: DeliveryView, now: number): string {
  return bodyRemovedAt === null ? bytes(bodyBytes) : `removed ${ago(bodyRemovedAt, now)}`
}

const forms = { text: '', json: ', in JSON', html: ', as a page', stream: ', as it came' } as const

/** In a word. Null where nobody was answered. */
function answerIn({ answer }: DeliveryView): string | null {
  if (answer === null) return null
  const { status, body, output } = answer
  if (output) {
    const what = `with the output of run #${output.run}${forms[output.form]}`
    return status === null ? `${what}; no status is known` : `${status} ${what}`
  }
  if (body === '') return `${status} without a body`
  return `${status} ${status === 400 ? 'cannot be used' : status === 202 ? 'accepted' : 'ignored'}`
}

/** Longer ones are cut: verdicts stand below it anyway. */
const LONGEST = 2000

/** What was sent, line by line; what is only made from the verdicts says no more than they do. */
function wordsOf({ answer }: DeliveryView): string[] {
  if (!answer?.body || answer.rebuilt) return []
  const { body } = answer
  const shown = body.length > LONGEST ? `${body.slice(0, LONGEST)}…` : body.trimEnd()
  return shown.split('\n').map(printable)
}

function refOf(update: DeliveryView['updates'][number]): string {
  const { ref, before, sha, deleted } = update
  const from = before === null ? '' : `${shortSha(before)}..`
  const to = deleted ? 'deleted' : shortSha(sha)
  const name = ref ?? update.branch ?? 'none'
  return to === '' ? name : `${name} ${from}${to}`
}

const NAME_WIDTH = 10

function fact(name: string, text: string, paper: Paper): string {
  return `  ${paper.style('dim', padTo(name, NAME_WIDTH))} ${printable(text)}`
}

function table(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => displayWidth(printable(name))))
  return entries.map(([name, text]) => `${padTo(printable(name), width)}  ${printable(text)}`)
}
