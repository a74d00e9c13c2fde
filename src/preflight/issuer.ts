/** The provider that people sign in by: whether it answers, is who the file says, and knows what it will be asked for. */

import { createProvider } from '../access/oidc-provider.ts'
import { OidcRefusal } from '../access/oidc-refusal.ts'
import type { Config } from '../model/config.ts'
import { error, type Finding, ok, warning } from './finding.ts'

/** Nothing where none is written down. Takes ten seconds where there is no way to it. */
export async function checkIssuer({ server: { oidc } }: Config): Promise<Finding[]> {
  if (oidc === null) return []
  try {
    const told = await createProvider(oidc).metadata()
    const scopes = told.scopes_supported ?? oidc.scopes
    const unknown = oidc.scopes.filter((scope) => !scopes.includes(scope))
    return [
      ok('oidc', `${told.issuer} answers; it must know ${oidc.redirectUri} as a redirect URI`),
      ...(unknown.length === 0
        ? []
        : [warning('oidc', `${told.issuer} tells of no scope ${unknown.join(', ')}`, KNOWN)]),
    ]
  } catch (thrown) {
    if (thrown instanceof OidcRefusal) return [error('oidc', thrown.detail)]
    throw thrown
  }
}

const KNOWN = 'add it there, or take it out of "scopes" of "oidc"'
