/** What has come to a hook's address so far: the part of the setup page that turns green. */

import type { StoredDelivery } from '../model/delivery.ts'
import type { Refusal } from '../record/store.ts'
import type { Arrival } from './arrival.ts'
import { Icon } from './icons.tsx'
import { BASE } from './parts.ts'
import type { HostWords } from './setup-words.ts'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'

interface Props {
  readonly arrival: Arrival
  /** Null for a plain URL: nothing is done at a host. */
  readonly words: (HostWords & { readonly title: string }) | null
}

export function SetupState({ arrival: { delivery, test, refusal }, words }: Props) {
  return (
    <div class="setup-state" data-part="setup-state" role="status">
      {delivery === null ? <Waiting test={test} words={words} /> : <Arrived delivery={delivery} />}
      {refusal === null ? null : <Refused refusal={refusal} />}
    </div>
  )
}

function Waiting({ test, words }: { test: StoredDelivery | null; words: Props['words'] }) {
  const awaited =
    words === null ? 'a first call' : `${words.title}'s ${words.ping ? 'ping' : 'first delivery'}`
  return (
    <p class="notice s-queued waiting">
      <Icon name="queued" />
      {test === null ? (
        <span>Waiting for {awaited} …</span>
      ) : (
        <span>
          A <a href={`${BASE}/deliveries/${test.id}`}>test delivery</a> came through{' '}
          <When at={test.receivedAt} now={Date.now()} />
          {words === null ? null : `; nothing has come from ${words.title} itself`}. Now waiting for{' '}
          {awaited} …
        </span>
      )}
    </p>
  )
}

function Arrived({ delivery }: { delivery: StoredDelivery }) {
  return (
    <p class="notice s-success">
      <Icon name="success" />
      <span>
        {delivery.event === 'ping' ? 'Ping' : 'Delivery'} received{' '}
        <When at={delivery.receivedAt} now={Date.now()} />, and its proof was right (
        <Plain text={delivery.proof} />
        ). <a href={`${BASE}/deliveries/${delivery.id}`}>See what it said</a>
      </span>
    </p>
  )
}

function Refused({ refusal }: { refusal: Refusal }) {
  return (
    <p class="notice s-failure">
      <Icon name="failure" />
      <span>
        A request came <When at={refusal.lastAt} now={Date.now()} /> and was refused:{' '}
        <Plain text={refusal.reason} />
      </span>
    </p>
  )
}
