/** Why somebody was not signed in by the provider: one text for himself, one for the audit log, one for the operator. */

interface Words {
  /** Of the answer. */
  readonly status: number
  /** For himself: nothing of it tells how this server is set up. */
  readonly words: string
  /** A few words of our own, never a stranger's. */
  readonly reason: string
  /** For the operator's log; may quote the provider. Never a secret, a code or a token. */
  readonly detail: string
  /** Whom the record names; left out for who is no user of ours. */
  readonly who?: string
  /**
   * The provider was asked for no token. It counts against no address: any page can have the browsers of a whole
   * office send such, as images.
   */
  readonly isFree?: boolean
}

export class OidcRefusal extends Error {
  readonly status: number
  readonly words: string
  readonly reason: string
  readonly detail: string
  readonly who: string
  readonly isFree: boolean

  constructor({ status, words, reason, detail, who = '', isFree = false }: Words) {
    super(words)
    this.name = 'OidcRefusal'
    this.status = status
    this.words = words
    this.reason = reason
    this.detail = detail
    this.who = who
    this.isFree = isFree
  }
}
