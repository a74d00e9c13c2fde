/** How a hook is set up at its host. The page waits with whoever reads it, and turns green by itself. */

import { composeCall } from '../hosts/call.ts'
import { askedOf, formsFor, sampleSource } from '../hosts/forms.ts'
import { isFixed } from '../hosts/recipes.ts'
import type { Hook } from '../model/hook.ts'
import { reaches } from '../record/tokens.ts'
import { upTo } from '../show/parameters.ts'
import { arrivalOf } from './arrival.ts'
import { findHook } from './found.ts'
import { Icon } from './icons.tsx'
import { Crumbs, Layout } from './layout.tsx'
import { type Ask, BASE, hookAt, type PagesParts } from './parts.ts'
import { page, queryValue, seeOther } from './render.tsx'
import { Copied, needsAccount, ProofStep } from './setup-proof.tsx'
import { SetupState } from './setup-state.tsx'
import { eventsOf, wordsFor } from './setup-words.ts'
import { sendTest } from './test-delivery.ts'
import { Plain, Pre, plain } from './visible.tsx'

export async function setupPage(c: Ask, parts: PagesParts): Promise<Response> {
  return drawn(c, parts, findHook(c, parts), false)
}

/** A POST, so that no link and no back button shows a secret; and only after it was written down who asked. */
export async function secretPage(c: Ask, parts: PagesParts): Promise<Response> {
  const hook = findHook(c, parts)
  await parts.keepSecretShown(c.get('visitor'), `hook ${hook.name}`)
  return drawn(c, parts, hook, true)
}

export async function testDelivery(c: Ask, parts: PagesParts): Promise<Response> {
  const hook = findHook(c, parts)
  const status = await sendTest(parts, hook)
  return seeOther(`${hookAt(hook.name)}/setup?answered=${status}`)
}

async function drawn(c: Ask, parts: PagesParts, hook: Hook, reveal: boolean): Promise<Response> {
  const arrival = await arrivalOf(parts, hook)
  const answered = queryValue(c, 'answered', upTo(999))
  const { role } = c.get('visitor')
  const words = wordsFor(hook)
  const url = `${parts.control.status().url}${hook.path}`
  const frame = {
    title: arrival.delivery ? `${hook.name} is set up` : `Set up ${hook.name}`,
    mood: arrival.delivery ? ('success' as const) : ('queued' as const),
    visitor: c.get('visitor'),
    live: !reveal,
  }
  return page(
    c,
    <Layout frame={frame}>
      <Crumbs
        of={[
          ['Hooks', `${BASE}/`],
          [plain(hook.name), hookAt(hook.name)],
        ]}
      />
      <h1>
        Set up <Plain text={hook.name} />
      </h1>
      <SetupState arrival={arrival} words={words} />
      {answered === undefined ? null : (
        <p class="notice s-queued">
          <Icon name="arrow" />
          <span>
            The test delivery was answered <b>{answered}</b>. What came of it is under{' '}
            <a href={`${BASE}/deliveries`}>Deliveries</a>, or under{' '}
            <a href={`${BASE}/refused`}>Refused</a>.
          </span>
        </p>
      )}
      <ol class="setup">
        {words === null ? null : (
          <li>
            At {words.title}, open <b>{words.where}</b>
            <span class="dim">
              {' '}
              of <Plain text={hook.repositories.map(({ name }) => name).join(', ')} />
            </span>
          </li>
        )}
        <li>
          <b>{words?.url ?? 'URL'}</b>
          <Copied text={plain(url)} />
          {isOfThisMachine(url) ? <Unreachable by={words?.title ?? 'Another machine'} /> : null}
        </li>
        <ProofStep
          hook={hook}
          field={words?.secret ?? null}
          reveal={reveal}
          admin={role === 'admin'}
        />
        {words?.type == null ? null : (
          <li>
            <b>{words.type}</b> <code>application/json</code>
          </li>
        )}
        {words === null ? null : (
          <li>
            <b>{words.events}</b> {eventsOf(hook)}
          </li>
        )}
      </ol>
      <Try hook={hook} url={url} mayRun={reaches(role, 'operator')} />
    </Layout>,
  )
}

/** No other machine gets here by it, be it because of how this one is called or where it listens. */
function isOfThisMachine(url: string): boolean {
  const name = URL.parse(url)?.hostname ?? ''
  return name === 'localhost' || /^(127\.|0\.0\.0\.0$|\[::1?\]$)/.test(name)
}

function Unreachable({ by }: { by: string }) {
  return (
    <p class="notice s-interrupted">
      <Icon name="interrupted" />
      <span>
        {by} cannot reach this address, by which every machine means itself. Say in the hooks file
        what the world calls this server:{' '}
        <code>{'"server": { "public-url": "https://deploy.example.com" }'}</code>
      </span>
    </p>
  )
}

function Try({ hook, url, mayRun }: { hook: Hook; url: string; mayRun: boolean }) {
  if (hook.host === 'sourcehut') return null
  const asked = askedOf(hook)
  const recipes = recipesFor(hook, url)
  const sendsTests = mayRun && hook.enabled && !needsAccount(hook)
  return (
    <>
      <h2>Try it</h2>
      {sendsTests ? (
        <form class="inline" method="post" action={`${hookAt(hook.name)}/test`}>
          <button type="submit">
            <Icon name="arrow" /> Send a test delivery
          </button>
          <span class="dim">
            It goes the way of a real one: the command runs. It is recorded in the audit log.
          </span>
        </form>
      ) : null}
      <p class="dim">
        {sendsTests ? 'Or from' : 'From'} any shell that has {usedBy(recipes)}.{' '}
        {hook.open ? null : (
          <>
            <code>read -rs {asked.variable}</code> (in bash or zsh) asks for {asked.wanted}, and
            keeps it out of the shell's history; without it nothing is sent.
          </>
        )}
      </p>
      {recipes.map((recipe, index) => (
        <copy-text class="copied block">
          <Pre label={index === 0 ? 'A call' : `A call, form ${index + 1}`}>
            <Plain text={recipe} />
          </Pre>
        </copy-text>
      ))}
    </>
  )
}

function usedBy(recipes: readonly string[]): string {
  return recipes.some((recipe) => recipe.includes('openssl')) ? 'curl and openssl' : 'curl'
}

/** The secret is not in them: whoever pastes one knows it, or where it is kept. */
function recipesFor(hook: Hook, url: string): string[] {
  const sha = '5ca1ab1e'.repeat(5)
  const call = composeCall(hook, hook.repositories.length > 0 ? { sha } : {}, null, Date.now())
  const headers = Object.entries(call.headers).filter(([name]) => isFixed(name, hook.host))
  return formsFor(hook, {
    method: call.method,
    url: url + call.query,
    headers: Object.fromEntries(headers),
    body: sampleSource(call, hook, sha),
    secret: null,
    wanted: askedOf(hook).wanted,
  })
}
