/** One delivery for a person: what came, how it was proven, and for each hook the verdict, rule by rule. */

import type { Check, CheckResult, Verdict } from '../model.ts'
import type { DeliveryView } from '../show/views.ts'
import { printable } from './printable.ts'
import { shortSha } from './run-words.ts'
import type { Format, Paper, Terminal } from './terminal.ts'
import { ago, bytes, stamp } from './when.ts'
import { displayWidth, padTo } from './width.ts'

export function deliveryPage(delivery: DeliveryView, terminal: Terminal): string {
  const { out } = terminal
  const lines = [
    out.style('bold', `#${delivery.id}  ${headline(delivery)}`),
    ...facts(delivery, terminal.now()).map(([name, text]) => fact(name, text, out)),
    `  ${out.style('dim', 'headers')}`,
    ...table(Object.entries(delivery.headers)).map((line) => `    ${line}`),
    '',
    ...verdictLines(delivery, out),
  ]
  return `${lines.join('\n')}\n`
}

/** `push acme/site main 8b1d0e4 by ada` */
function headline({ event, repository, sender, updates }: DeliveryView): string {
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
  const { host, guid, event, action, proof, problem, duplicateOf } = delivery
  const received = `${stamp(delivery.receivedAt)} (${ago(delivery.receivedAt, now)})`
  const from = delivery.address === '' ? '' : ` from ${delivery.address}`
  return [
    ['received', `${received}${from} at ${delivery.endpoint}`],
    ['host', [host, guid === null ? null : `delivery ${guid}`].filter(Boolean).join(', ')],
    ['event', action === null ? event : `${event}, ${action}`],
    ...delivery.updates.map((update) => ['ref', refOf(update)] as const),
    ['proof', proof],
    ['body', bytes(delivery.bodyBytes)],
    ...(problem === null ? [] : [['problem', problem] as const]),
    ...(duplicateOf === null ? [] : [['repeats', `delivery #${duplicateOf}`] as const]),
  ]
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

function verdictLines(delivery: DeliveryView, paper: Paper): string[] {
  const { verdicts, updates } = delivery
  if (verdicts.length === 0) return ['  No hook was asked.']
  const name = (verdict: Verdict) => {
    const update = updates.length > 1 ? updates[verdict.update] : undefined
    const ref = update?.tag ?? update?.branch
    return printable(ref == null ? verdict.hook : `${verdict.hook} (${ref})`)
  }
  const width = Math.max(...verdicts.map((verdict) => displayWidth(name(verdict))))
  return verdicts.flatMap((verdict) => {
    const indent = 2 + width + 2
    const parts = wrap(partsOf(verdict, paper), (paper.columns ?? 100) - indent)
    return parts.map((line, index) =>
      index === 0 ? `  ${padTo(name(verdict), width)}  ${line}` : ' '.repeat(indent) + line,
    )
  })
}

interface Part {
  readonly width: number
  readonly shown: string
}

function partsOf(verdict: Verdict, paper: Paper): Part[] {
  const checks = verdict.checks.map((check) => checkPart(check, paper))
  if (verdict.run === null) return checks
  const arrow = `→ run #${verdict.run}`
  return [...checks, { width: displayWidth(arrow), shown: paper.style('bold', arrow) }]
}

const marks: Readonly<Record<CheckResult, { mark: string; format: Format }>> = {
  pass: { mark: '✓', format: 'green' },
  fail: { mark: '✗', format: 'red' },
  unknown: { mark: '?', format: 'yellow' },
}

function checkPart(check: Check, paper: Paper): Part {
  const { mark, format } = marks[check.result]
  const gap = check.result === 'pass' ? ' ' : '  '
  const text = printable(check.says === '' ? check.rule : `${check.rule}${gap}${check.says}`)
  return {
    width: displayWidth(`${mark} ${text}`),
    shown: `${paper.style(format, mark)} ${text}`,
  }
}

/** As many as fit on a line, two spaces between them; one that is too long has a line of its own. */
function wrap(parts: readonly Part[], room: number): string[] {
  const lines: { width: number; shown: string }[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last && last.width + 2 + part.width <= room) {
      last.width += 2 + part.width
      last.shown += `  ${part.shown}`
    } else lines.push({ ...part })
  }
  return lines.map((line) => line.shown)
}
