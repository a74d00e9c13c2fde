/**
 * What is taken of a provider at all, before anything in it is believed. Whoever speaks for it, or a server that was
 * set up wrongly, must not fill the memory of this one, nor have a browser or a secret sent where anybody reads along.
 */

import { isSafe } from '../hooks/oidc.ts'

/** Metadata, keys and claims are some kB; a user of thousands of groups has a few hundred. */
const ANSWER_MAX = 1024 * 1024

/**
 * As `fetch`, with the answer read to its end: no more than 1 MiB of it, unpacked, and within the time of `signal`.
 * Rejects as `fetch` does where there is no way to it.
 */
export async function boundedFetch(url: string, options: RequestInit): Promise<Response> {
  const answer = await fetch(url, options)
  const { status, statusText, headers } = answer
  const body = answer.body && (await readAll(answer.body))
  return new Response(body?.length ? body : null, { status, statusText, headers })
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let size = 0
  // To leave the loop is to close the connection.
  for await (const piece of body) {
    size += piece.length
    if (size > ANSWER_MAX) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What the library leaves as it is, and what a broken connection looks like. */
function tooLarge(): TypeError {
  const cause = new Error('it is larger than 1 MiB')
  return new TypeError('an answer of it cannot be read', { cause })
}

type Told = Readonly<Record<string, unknown>>

const endpoints = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']

/** Why the addresses that a provider tells of cannot be used; null where they can, and for those it does not tell of. */
export function endpointProblem(issuer: URL, told: Told): string | null {
  const [wrong] = endpoints.filter(
    (name) => told[name] !== undefined && !mayUse(issuer, told[name]),
  )
  if (wrong === undefined) return null
  const demanded = issuer.protocol === 'https:' ? 'https' : 'https, or http of this machine'
  return `its ${wrong} is ${JSON.stringify(told[wrong])}, which is not ${demanded}`
}

/** As for the issuer itself: plain http is for a provider on this machine, which is written so in the hooks file. */
export function mayUse(issuer: URL, address: unknown): boolean {
  const url = typeof address === 'string' ? URL.parse(address) : null
  if (url === null) return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && issuer.protocol === 'http:' && isSafe(url))
  )
}
