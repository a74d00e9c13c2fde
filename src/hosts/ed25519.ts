/**
 * Ed25519 (RFC 8032), where the sender holds the private key and we only the public one. Texts are taken
 * in canonical base64 alone: the decoder is lax, and the last digit of 64 bytes has four spare bits.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** `whpk_` and 32 bytes in base64, or the base64 alone. Null: not a public key. */
export function readPublicKey(text: string): KeyObject | null {
  const bytes = decodeExactly(text.replace(/^whpk_/, ''), 32)
  if (bytes === null) return null
  const x = bytes.toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** Base64 of exactly so many bytes, written as an encoder writes it; null otherwise. */
export function decodeExactly(text: string, length: number): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === length && bytes.toString('base64') === text ? bytes : null
}

/** False for a text that is no public key: then nothing is ever proven by it. */
export function signsEd25519(publicKey: string, signed: Buffer, signature: Buffer): boolean {
  const key = readPublicKey(publicKey)
  return key !== null && verify(null, signed, key, signature)
}
