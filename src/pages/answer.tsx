/** What the sender of a delivery was answered with. */

import type { OutputForm } from '../model/delivery.ts'
import type { AnswerView } from '../show/answered.ts'
import { Icon } from './icons.tsx'
import { BASE } from './parts.ts'
import { Plain, Pre } from './visible.tsx'

/** Longer ones are cut: verdicts stand above it anyway. */
const LONGEST = 64 * 1024

export function Answer({ answer }: { answer: AnswerView | null }) {
  if (answer === null) return null
  const { status, body, output, rebuilt } = answer
  return (
    <section class="response">
      <h2>Response</h2>
      <p>
        {status === null ? null : <b>{status}</b>} {output ? <Output {...output} /> : null}
        {body === '' ? 'without a body' : null}
        {output !== null && status === null ? (
          <span class="dim"> No status is known: it was not sent, or not yet.</span>
        ) : null}
      </p>
      {body === null || body === '' ? null : (
        <Pre look="answer" label="What the sender was told">
          <Plain text={body.slice(0, LONGEST).trimEnd()} />
        </Pre>
      )}
      {rebuilt ? (
        <p class="dim">
          Made from the verdicts: answers were not kept yet when it came. Who asked for JSON got the
          same as JSON.
        </p>
      ) : null}
    </section>
  )
}

const forms: Readonly<Record<OutputForm, string>> = {
  text: '',
  json: ', in JSON',
  html: ', as a page',
  stream: ', as it came',
}

function Output({ run, form }: { run: number; form: OutputForm }) {
  return (
    <span>
      with the output of{' '}
      <a href={`${BASE}/runs/${run}`}>
        <Icon name="arrow" /> run #{run}
      </a>
      {forms[form]}
    </span>
  )
}
