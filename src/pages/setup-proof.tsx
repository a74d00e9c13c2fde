/** What callers of a hook prove themselves with, as a step of its setup: a secret, a token, a password, an account. */

import type { Hook, Secret } from '../model/hook.ts'
import type { Access } from '../model/url.ts'
import { Icon } from './icons.tsx'
import { hookAt } from './parts.ts'
import { plain } from './visible.tsx'

export function Copied({ text }: { text: string }) {
  return (
    <copy-text class="copied">
      <code>{text}</code>
    </copy-text>
  )
}

export function ProofStep(props: {
  hook: Hook
  field: string | null
  reveal: boolean
  admin: boolean
}) {
  const { hook, field, reveal, admin } = props
  const secrets = secretsOf(hook)
  if (hook.open) return <li>{callers(hook)} may call it: it asks for no secret.</li>
  if (secrets.length === 0) return <PeopleStep access={hook.access} />
  return (
    <li>
      <b>{field ?? (hook.secrets.length > 0 ? 'Secret' : 'Token')}</b>{' '}
      {reveal ? (
        secrets.map(({ name, value }) => (
          <div class="secret">
            <span class="dim">{name}</span>
            <Copied text={value} />
          </div>
        ))
      ) : (
        <>
          <span class="dim">the value of</span> <code>{secrets[0]?.name}</code>
          {admin ? (
            <form class="inline" method="post" action={`${hookAt(hook.name)}/secret`}>
              <button type="submit" class="quiet">
                <Icon name="key" /> Show it
              </button>
              <span class="dim">That you saw it is recorded in the audit log.</span>
            </form>
          ) : (
            <span class="dim">, which an admin can see here</span>
          )}
        </>
      )}
    </li>
  )
}

function callers({ access: { from } }: Hook): string {
  return from === null
    ? 'Everybody'
    : `Whoever calls from ${plain(from.join(', '))}, and nobody else,`
}

/** Whom it knows by name, and who has an account here. */
function PeopleStep({ access: { users, login } }: { access: Access }) {
  return (
    <>
      {users.length === 0 ? null : (
        <li>
          <b>Name and password</b> <span class="dim">by HTTP Basic, of</span>{' '}
          {plain(users.map(({ name }) => name).join(', '))}
        </li>
      )}
      {login ? (
        <li>
          <b>Token</b> <span class="dim">of somebody who may run commands here:</span>
          <Copied text="runhook token create NAME --role operator" />
          <span class="dim">
            on the server makes one. A browser that is signed in here needs none.
          </span>
        </li>
      ) : null}
    </>
  )
}

/** A test delivery brings what the hooks file has, and no account of anybody. */
export function needsAccount(hook: Hook): boolean {
  const { users, login } = hook.access
  return login && users.length === 0 && secretsOf(hook).length === 0
}

function secretsOf(hook: Hook): readonly Secret[] {
  return hook.secrets.length > 0 ? hook.secrets : hook.tokens
}
