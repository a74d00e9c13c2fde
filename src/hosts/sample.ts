/**
 * A delivery as a host would send it: headers, body, signature. For `runhook send` and `sign`, and for
 * tests. A new host is one file `sample-….ts` and one row here.
 */

import type { HostName } from '../model/delivery.ts'
import { azureSample } from './sample-azure.ts'
import { bitbucketEvent, bitbucketHeaders, bitbucketPayload } from './sample-bitbucket.ts'
import { bitbucketDcSample } from './sample-bitbucket-dc.ts'
import { giteaSample } from './sample-gitea.ts'
import { giteeSample } from './sample-gitee.ts'
import { githubEvent, githubHeaders, githubPayload } from './sample-github.ts'
import { gitlabSample } from './sample-gitlab.ts'
import { signatureHeaders } from './sample-signature.ts'
import { sourcehutSample } from './sample-sourcehut.ts'
import { type Composed, fillWish, type SampleOptions, type Wish } from './sample-wish.ts'

export { schemeHeaders, signatureHeaders } from './sample-signature.ts'
export type { SampleOptions } from './sample-wish.ts'

export interface Sample {
  /** The host's own name of the event; null for a plain call. */
  readonly event: string | null
  /** Names as the host writes them; the signature is among them when there was a secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export function sampleDelivery(
  host: HostName,
  options: SampleOptions,
  secret: string | null,
  now = Date.now(),
): Sample {
  const { event, headers, payload } = composers[host](fillWish(options, now), secret)
  const text = JSON.stringify(payload, null, indented.includes(host) ? 2 : 0)
  const body = options.payload ? Buffer.from(options.payload) : Buffer.from(text)
  const proof = secret === null ? {} : signatureHeaders(host, body, secret, now, headers)
  return { event, headers: { ...headers, ...proof }, body }
}

/** Whose JSON a receiver that serialises it anew would get wrong. */
const indented: readonly HostName[] = ['gitea', 'forgejo', 'gogs']

const composers: Readonly<Record<HostName, (wish: Wish, secret: string | null) => Composed>> = {
  github(wish) {
    const event = githubEvent(wish.event)
    return { event, headers: githubHeaders(event, wish), payload: githubPayload(event, wish) }
  },
  gitlab: gitlabSample,
  bitbucket(wish) {
    const event = bitbucketEvent(wish)
    const payload = bitbucketPayload(event, wish)
    return { event, headers: bitbucketHeaders(event, wish), payload }
  },
  'bitbucket-dc': bitbucketDcSample,
  gitea: (wish) => giteaSample('Gitea', wish),
  forgejo: (wish) => giteaSample('Forgejo', wish),
  gogs: (wish) => giteaSample('Gogs', wish),
  azure: azureSample,
  gitee: giteeSample,
  sourcehut: sourcehutSample,
  webhook: () => ({ event: null, headers: { 'Content-Type': 'application/json' }, payload: {} }),
}
