/** Who is looking at a page, as everybody behind the door is told. */

import type { Role } from '../record/tokens.ts'

/** How he proved who he is: he signed in here, a proxy of ours said it, or he brought a token of the API. */
export type Via = 'session' | 'proxy' | 'token'

export interface Visitor {
  readonly name: string
  readonly role: Role
  readonly via: Via
}

/** The same with what the door alone needs to know. */
export interface Guest extends Visitor {
  /** Where he is, proxies of ours left out. */
  readonly address: string
  /** The number of his session, null where he has none. */
  readonly session: number | null
}
