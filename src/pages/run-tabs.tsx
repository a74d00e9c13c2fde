/** What a run page shows beside the log: its delivery, the names in its environment, the config it used. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { environmentFor } from '../run/command.ts'
import { Icon } from './icons.tsx'
import { BASE, hookAt, hookNamed, type PagesParts } from './parts.ts'
import { VerdictList } from './verdict.tsx'
import { Plain, Pre } from './visible.tsx'

export const tabs = [
  ['log', 'Log'],
  ['delivery', 'Delivery'],
  ['environment', 'Environment'],
  ['config', 'Config as it was'],
] as const

export type Tab = (typeof tabs)[number][0]

export function tabOf(written: string | undefined): Tab {
  return tabs.find(([tab]) => tab === written)?.[0] ?? 'log'
}

interface TabProps {
  readonly run: Run
  readonly delivery: StoredDelivery | null
  readonly parts: PagesParts
}

export function TabBody({ tab, ...props }: TabProps & { tab: Exclude<Tab, 'log'> }) {
  if (tab === 'delivery') return <DeliveryTab {...props} />
  return tab === 'environment' ? <EnvironmentTab {...props} /> : <ConfigTab {...props} />
}

function DeliveryTab({ run, delivery }: TabProps) {
  if (delivery === null) return <p class="dim">Its delivery is no longer kept.</p>
  const own = delivery.verdicts.filter(
    ({ hook, update }) => hook === run.hook && update === run.update,
  )
  return (
    <section>
      <p>
        <a href={`${BASE}/deliveries/${delivery.id}`}>
          Delivery #{delivery.id} with its headers and its payload <Icon name="arrow" />
        </a>
      </p>
      <h2>Verdict</h2>
      <VerdictList verdicts={own} updates={delivery.updates} wouldRun={false} before={new Map()} />
    </section>
  )
}

/** Names alone: values may hold what the hooks file takes from a secret place. */
function EnvironmentTab({ run, delivery, parts }: TabProps) {
  const hook = hookNamed(parts, run.hook)
  if (hook === null || delivery === null)
    return <p class="dim">Its hook, or its delivery, is no longer known.</p>
  const names = Object.keys(environmentOf(hook, run, delivery))
  const own = new Set(Object.keys(hook.env))
  const groups = [
    ['Of the hook', names.filter((name) => own.has(name))],
    ['Of what happened', names.filter((name) => /^(HOOK|INPUT)_/.test(name) && !own.has(name))],
    ['Always', names.filter((name) => !/^(HOOK|INPUT)_/.test(name) && !own.has(name))],
  ] as const
  return (
    <section class="names">
      <p class="dim">
        The variables its commands find, as the hook is written now. Values are not shown here.
      </p>
      {groups.map(([title, list]) =>
        list.length === 0 ? null : (
          <div>
            <h2>{title}</h2>
            <ul>
              {list.map((name) => (
                <li>
                  <code>{name}</code>
                </li>
              ))}
            </ul>
          </div>
        ),
      )}
    </section>
  )
}

/** The one that commands get, so that the names are true; its values are made up. */
function environmentOf(hook: Hook, run: Run, delivery: StoredDelivery) {
  return environmentFor({
    hook,
    run,
    delivery,
    lastSuccess: null,
    after: null,
    payloadFile: '',
    user: { name: '', home: '', shell: '' },
    timeZone: '',
    runsUrl: null,
    marker: '',
    payload: () => ({ payload: null }),
  })
}

async function ConfigTab({ run, parts }: TabProps) {
  const text = await parts.store.configText(run.config)
  const now = hookNamed(parts, run.hook)
  const same = now?.config === run.config
  const says = same
    ? 'The hook is still written like this.'
    : now === null
      ? 'The hooks file no longer has this hook.'
      : 'The hook has been changed since.'
  return (
    <section>
      <p class="dim">
        {says} Config <code>{run.config}</code>
        {same || now === null ? null : (
          <>
            {' '}
            · <a href={hookAt(run.hook)}>as it is now</a>
          </>
        )}
      </p>
      {text === null ? (
        <p class="dim">Its text is no longer kept.</p>
      ) : (
        <Pre look="config" label="The hook as it was written">
          <Plain text={dedent(text)} />
        </Pre>
      )}
    </section>
  )
}

/** Hooks are indented in their file; alone they need not be. Newlines stay as they are. */
export function dedent(text: string): string {
  const lines = text.replaceAll('\r', '').replaceAll('\t', '  ').split('\n')
  const indents = lines.slice(1).flatMap((line) => /^( *)\S/.exec(line)?.[1] ?? [])
  const least = Math.min(...indents.map((indent) => indent.length), 80)
  return lines.map((line, index) => (index === 0 ? line : line.slice(least))).join('\n')
}
