/** The form that starts a hook by hand, made of its inputs. What it sends is judged as any call's. */

import { RunhookError } from '../errors.ts'
import type { Hook } from '../model/hook.ts'
import type { Input } from '../model/url.ts'
import { Icon } from './icons.tsx'
import { type Ask, BASE, hookAt, type PagesParts } from './parts.ts'
import { seeOther } from './render.tsx'
import { Plain, plain } from './visible.tsx'

/** So that no input can be taken for a field of ours. */
const PREFIX = 'input:'

export function startsByHand(hook: Hook): boolean {
  const isManual = hook.triggers.some(({ event }) => event === 'manual')
  return hook.enabled && (hook.repositories.length === 0 || isManual)
}

/** What was sent and could not be: it stays in the form, with the words of why. */
export interface Turned {
  readonly given: Readonly<Record<string, string>>
  readonly error: RunhookError
}

export function InputForm({ hook, turned }: { hook: Hook; turned: Turned | null }) {
  return (
    <form id="run" class="card manual" method="post" action={`${hookAt(hook.name)}/run`}>
      <h2>Start it by hand</h2>
      {turned === null ? null : <NotStarted error={turned.error} />}
      {hook.inputs.map((input, index) => (
        <div class="field">
          <label for={`input-${input.name}`}>
            <Plain text={input.name} />
            {input.required ? <span class="dim"> (required)</span> : null}
          </label>
          <Field input={input} given={turned?.given[input.name]} about={`about-${index + 1}`} />
          {input.description === null ? null : (
            <p class="dim" id={`about-${index + 1}`}>
              <Plain text={input.description} />
            </p>
          )}
        </div>
      ))}
      <button type="submit" class="primary">
        <Icon name="play" /> Run <Plain text={hook.name} />
      </button>
    </form>
  )
}

function NotStarted({ error: { message, hint } }: { error: RunhookError }) {
  return (
    <p class="notice s-failure" role="alert">
      <Icon name="failure" />
      <span>
        It was not started: <Plain text={hint === null ? message : `${message} ${hint}`} />
      </span>
    </p>
  )
}

interface FieldProps {
  readonly input: Input
  readonly given: string | undefined
  /** Where its description stands, if it has one. */
  readonly about: string
}

function Field({ input, given, about }: FieldProps) {
  const value = given ?? input.default ?? ''
  const required = input.required && input.default === null
  const described = input.description === null ? {} : { 'aria-describedby': about }
  const named = { name: PREFIX + input.name, id: `input-${input.name}`, ...described }
  const options = input.type === 'boolean' ? ['true', 'false'] : input.options
  if (options) {
    return (
      <select {...named} required={required}>
        {input.default === null ? <option value="">{input.required ? '' : '–'}</option> : null}
        {options.map((one) => (
          <option value={one} selected={one === value}>
            {plain(one)}
          </option>
        ))}
      </select>
    )
  }
  const digits =
    input.type === 'number'
      ? ({ inputmode: 'numeric', pattern: '[0-9]{1,15}', title: DIGITS } as const)
      : {}
  return (
    <input
      {...named}
      {...digits}
      value={value}
      maxlength={input.maxLength}
      required={required}
      autocomplete="off"
    />
  )
}

/** Browsers show it beside a value that they do not send. */
const DIGITS = 'A whole number: digits only, at most 15, such as 42'

/** What could not be started is given back, to be put right. */
export async function startHook(c: Ask, parts: PagesParts, hook: Hook): Promise<Response | Turned> {
  const form = new URLSearchParams(await c.req.text())
  const given = [...form].flatMap(([key, value]) =>
    key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value] as const] : [],
  )
  const inputs = Object.fromEntries(given)
  try {
    const run = await parts.control.trigger(hook.name, inputs, c.get('visitor').name)
    return seeOther(`${BASE}/runs/${run.id}`)
  } catch (error) {
    if (given.length === 0 || !(error instanceof RunhookError)) throw error
    // The form is where the reason stands; and what is not his to put right is told and noted as anything like it.
    if (error.httpStatus >= 500 || !startsByHand(hook)) throw error
    return { given: inputs, error }
  }
}
