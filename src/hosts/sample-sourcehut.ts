/** Sample deliveries of sourcehut: the answer to the query that docs/hosts.md recommends. */

import { type Composed, endsOf, isPush, NOTHING, type Wish } from './sample-wish.ts'

/** The owner's name begins with "~"; a ref that was deleted is null. */
export function sourcehutSample(wish: Wish): Composed {
  const event = isPush(wish) ? 'GIT_POST_RECEIVE' : wish.event
  const headers = {
    'Content-Type': 'application/json',
    'X-Webhook-Event': event,
    'X-Webhook-Delivery': wish.guid,
  }
  const { ref, before, after, head } = endsOf(wish)
  const end = (id: string) => (id === NOTHING ? null : { id })
  const webhook = {
    uuid: wish.guid,
    event,
    date: wish.time,
    repository: {
      name: wish.name,
      owner: { canonicalName: wish.owner },
      HEAD: { name: 'refs/heads/main' },
    },
    pusher: { canonicalName: `~${wish.sender}` },
    updates: isPush(wish)
      ? [{ ref: head ? { name: ref } : null, old: end(before), new: end(after) }]
      : [],
  }
  return { event, headers, payload: { data: { webhook } } }
}
