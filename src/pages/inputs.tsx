/** The form that starts a hook by hand, made of its inputs. What it sends is judged as any call's. */

import type { Hook } from '../model/hook.ts'
import type { Input } from '../model/url.ts'
import { findHook } from './found.ts'
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

export function InputForm({ hook }: { hook: Hook }) {
  return (
    <form id="run" class="card manual" method="post" action={`${hookAt(hook.name)}/run`}>
      <h2>Start it by hand</h2>
      {hook.inputs.map((input) => (
        <div class="field">
          <label for={`input-${input.name}`}>
            <Plain text={input.name} />
            {input.required ? <span class="dim"> (needed)</span> : null}
          </label>
          <Field input={input} />
          {input.description === null ? null : (
            <p class="dim">
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

function Field({ input }: { input: Input }) {
  const named = { name: PREFIX + input.name, id: `input-${input.name}` }
  const options = input.type === 'boolean' ? ['true', 'false'] : input.options
  if (options) {
    return (
      <select {...named}>
        {input.default === null ? <option value="">{input.required ? '' : '–'}</option> : null}
        {options.map((one) => (
          <option value={one} selected={one === input.default}>
            {plain(one)}
          </option>
        ))}
      </select>
    )
  }
  const digits =
    input.type === 'number' ? ({ inputmode: 'numeric', pattern: '[0-9]{1,15}' } as const) : {}
  return (
    <input
      {...named}
      {...digits}
      value={input.default ?? ''}
      maxlength={input.maxLength}
      required={input.required && input.default === null}
      autocomplete="off"
    />
  )
}

export async function startHook(c: Ask, parts: PagesParts): Promise<Response> {
  const hook = findHook(c, parts)
  const form = new URLSearchParams(await c.req.text())
  const given = [...form].flatMap(([key, value]) =>
    key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value] as const] : [],
  )
  const run = await parts.control.trigger(
    hook.name,
    Object.fromEntries(given),
    c.get('visitor').name,
  )
  return seeOther(`${BASE}/runs/${run.id}`)
}
