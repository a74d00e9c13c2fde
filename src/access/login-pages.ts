/**
 * The pages by which people come in and go out: name and password, a link that works once, and the way out.
 * Nothing here says whether a user exists.
 */

import { html } from 'hono/html'
import { RunhookError } from '../errors.ts'
import { noCookie, sessionCookie } from './cookie.ts'
import { USER_NAME } from './identify.ts'
import { type Content, noticePage, page } from './layout.ts'
import type { OidcLogin } from './oidc-login.ts'
import { HOME, ownPath } from './own-path.ts'
import { type Door, incomingOf, type PageContext, type Pages, placeOfPage } from './page-routes.ts'
import type { SignedIn, SignIn } from './sign-in.ts'
import { STYLE_PATH, styleAnswer } from './style.ts'
import type { Guest } from './visitor.ts'

const anybody = { role: 'anybody' } as const
const unrecorded = { ...anybody, audit: null } as const // sign-in.ts keeps the record

export function loginPages(pages: Pages, door: Door, signIn: SignIn, oidc: OidcLogin | null): void {
  pages.get(STYLE_PATH, anybody, (c) => styleAnswer(new URL(c.req.url).search.slice(1)))

  pages.get('/-/login', anybody, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const hasLeft = oidc !== null && c.req.query('left') !== undefined
    const elsewhere = hasLeft ? await oidc.endSessionUrl() : null
    const next = c.req.query('next') ?? ''
    const seen = await door.identify(incomingOf(c))
    if (seen && 'visitor' in seen) return alreadyPage(seen.visitor, next)
    return loginPage({ status: 200, next, oidc, elsewhere })
  })

  pages.post('/-/login', unrecorded, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const fields = await fieldsOf(c)
    const [name, password, next] = [fields('name').trim(), fields('password'), fields('next')]
    const result = await signIn.byPassword(incomingOf(c), name, password)
    if (result && 'session' in result) return signedIn(door, c, result, next)
    const again = { next, name, oidc }
    if (result === null) return loginPage({ status: 401, ...again, problem: WRONG })
    const answer = await loginPage({ status: 429, ...again, problem: tooMany(result.wait) })
    answer.headers.set('retry-after', String(result.wait))
    return answer
  })

  pages.get('/-/link/:value', anybody, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const found = await signIn.linkFor(c.req.param('value') ?? '')
    if (found === null) return usedUp()
    return 'user' in found ? linkPage(found.user.name) : firstPage(200, 'admin', null)
  })

  pages.post('/-/link/:value', unrecorded, async (c) => {
    const problem = wayProblem(door, c)
    if (problem) return problem
    const value = c.req.param('value') ?? ''
    const found = await signIn.linkFor(value)
    if (found === null) return usedUp()
    const name = 'user' in found ? found.user.name : (await fieldsOf(c))('name').trim()
    if (!USER_NAME.test(name)) return firstPage(422, name, BAD_NAME)
    const result = await signIn.byLink(incomingOf(c), value, name).catch(takenOrThrow)
    if (typeof result === 'string') return firstPage(422, name, `${result} Choose another name.`)
    return result && 'session' in result ? signedIn(door, c, result, HOME) : usedUp()
  })

  pages.post('/-/logout', unrecorded, async (c) => {
    const user = await signIn.signOut(incomingOf(c))
    c.header('set-cookie', noCookie(placeOfPage(door, c)))
    return c.redirect(user?.identity ? '/-/login?left' : '/-/login', 303)
  })
}

function signedIn(
  door: Door,
  c: PageContext,
  { session }: Extract<SignedIn, { session: string }>,
  next: string,
): Response {
  c.header('set-cookie', sessionCookie(session, placeOfPage(door, c)))
  return c.redirect(ownPath(next), 303)
}

/** Why nobody signs in by this way; null where he may. */
export function wayProblem(door: Door, c: PageContext): Promise<Response> | null {
  const place = placeOfPage(door, c)
  const { publicUrl } = door.settings
  if (place === 'elsewhere') {
    const content = html`<p>Here the way to your browser is not encrypted, and what you type could be read on it.
Sign in at <a href="${publicUrl}/-/login">${publicUrl}</a>.</p>`
    return page(403, 'Not here', content)
  }
  if (place !== 'unsafe') return null
  return page(
    403,
    'Not over plain http',
    html`<p>The way to your browser is not encrypted, so a password or a session could be read on it by others, who
could then run commands here. Nobody can sign in by it.</p>
<p>Put a proxy with a certificate in front, and say so in the hooks file:
<code>"server": { "public-url": "https://deploy.example.com" }</code> (of a dashboard with an address of its own:
<code>"dashboard": { …, "public-url": … }</code>). Or come from the machine itself, by
<code>ssh -L 9000:localhost:9000</code>, and open <code>http://localhost:9000/-/</code>.</p>`,
  )
}

const WRONG = 'Name or password is wrong.'
const BAD_NAME = 'Write up to 63 letters, digits, or . _ @ + -, and begin with a letter or a digit.'

function tooMany(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  const time = minutes === 1 ? 'a minute' : `${minutes} minutes`
  return `Too many tries. Try again in ${time}, or use a link: "runhook user link NAME" on the server.`
}

export interface LoginPage {
  readonly status: number
  /** Where to go then. */
  readonly next: string
  /** As it was typed. */
  readonly name?: string
  readonly problem?: string
  readonly oidc: OidcLogin | null
  /** Drawn at an address that takes no form. */
  readonly isElsewhere?: boolean
  /** Where he may also sign out, who has just done so here. */
  readonly elsewhere?: string | null
}

/**
 * Where the page is that of the form, it has no address of its own: it goes to that of the page, and `#L42` of a link
 * with it, all the way back.
 */
export function loginPage(shown: LoginPage): Promise<Response> {
  const { status, next, name = '', problem = null, oidc, elsewhere = null, isElsewhere } = shown
  const hint = html`<p>No password yet? <code>runhook user link NAME</code> on the server prints a link that lets
you in.</p>`
  const content = html`${problemOf(problem)}
${oidc && elsewhere ? leftPart(oidc, elsewhere) : ''}
${oidc ? providerPart(oidc, ownPath(next)) : ''}
<form class="wide" method="post"${isElsewhere ? html` action="/-/login"` : ''}>
<input type="hidden" name="next" value="${ownPath(next)}">
<label>Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" required${oidc ? '' : ' autofocus'}></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
${hint}`
  return page(status, 'Sign in', content)
}

/** Whom a proxy names cannot sign out here, and would only be named again. */
function alreadyPage({ name, role, via }: Guest, next: string): Promise<Response> {
  const out = html`<form method="post" action="/-/logout"><p>Or as somebody else: <button class="plain">Sign out</button></p></form>`
  const content = html`<p>You are signed in as <strong>${name}</strong>, ${role}.</p>
<p><a class="button" href="${ownPath(next)}">Go on</a></p>
${via === 'session' ? out : ''}`
  return page(200, 'Signed in', content)
}

/** By the whole address: whoever came by another name of this server would come back without his cookie. */
function providerPart({ label, redirectUri }: OidcLogin, next: string): Content {
  const url = new URL(redirectUri.replace(/\/callback$/, ''))
  url.searchParams.set('next', next)
  return html`<p><a class="button" href="${url.href}">Sign in with ${label}</a></p>
<p>Or with a name and a password of this server:</p>`
}

function leftPart({ label }: OidcLogin, url: string): Content {
  return html`<p role="status">You are signed out here. ${label} may still know you:
<a href="${url}">sign out there too</a>.</p>`
}

function linkPage(name: string): Promise<Response> {
  const content = html`<p>This link lets you in as <strong>${name}</strong>, once.</p>
<form class="wide" method="post"><button>Sign in as ${name}</button></form>`
  return page(200, 'Sign in', content)
}

function firstPage(status: number, name: string, problem: string | null): Promise<Response> {
  const content = html`<p>There is no admin here yet. You will be the first.</p>
${problemOf(problem)}
<form class="wide" method="post">
<label>Your name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" required></label>
<button>Sign in</button>
</form>`
  return page(status, 'Welcome', content)
}

export function problemOf(problem: string | null): Content | string {
  return problem === null ? '' : html`<p class="problem" role="alert">${problem}</p>`
}

/** Only whoever is about to be the first admin can ask for a name, so it may be told that somebody has it. */
function takenOrThrow(thrown: unknown): string {
  if (thrown instanceof RunhookError && thrown.code === 'conflict') return thrown.message
  throw thrown
}

function usedUp(): Promise<Response> {
  return noticePage(
    410,
    'This link is used up',
    // Whether there is an admin is nothing to tell a stranger.
    'It was used, is older than 15 minutes, or a newer one took its place; and the link for a first admin ends when there is an admin. On the server, "runhook user link NAME" prints another; where there is no admin yet, "runhook user add NAME --role admin" makes one.',
  )
}

/** Fields of the form by name; what was sent twice counts once. */
export async function fieldsOf(c: PageContext): Promise<(name: string) => string> {
  const fields = new URLSearchParams(await c.req.text())
  return (name) => fields.get(name) ?? ''
}
