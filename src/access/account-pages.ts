/**
 * A person's own account: his password, and where he is signed in. Admins see the sessions of all, and may end
 * each; for anybody else a session that is not his own is not there.
 */

import { html } from 'hono/html'
import { RunhookError } from '../errors.ts'
import { reaches } from '../record/tokens.ts'
import type { Accounts, Session, User } from '../record/users.ts'
import { browserName } from './browser-name.ts'
import { page } from './layout.ts'
import { fieldsOf, problemOf } from './login-pages.ts'
import { incomingOf, type PageContext, type Pages } from './page-routes.ts'
import { hashPassword, PASSWORD_MIN, passwordProblem } from './password.ts'
import type { SignIn } from './sign-in.ts'
import type { Guest } from './visitor.ts'

export function accountPages(
  pages: Pages,
  { users, sessions }: Accounts,
  signIn: SignIn,
  now: () => number = Date.now,
): void {
  const viewer = { role: 'viewer' } as const

  const show = async (c: PageContext, status: number, problem: string | null) => {
    const visitor = c.get('visitor')
    const all = await sessions.list(now())
    const shown = all.filter(({ user }) => maySee(visitor, user))
    const user = await users.find(visitor.name)
    return accountPage(status, { visitor, user, sessions: shown, problem })
  }

  pages.get('/-/account', viewer, (c) => show(c, 200, null))

  pages.post('/-/account/password', { ...viewer, audit: 'user.password' }, async (c) => {
    const visitor = c.get('visitor')
    c.set('about', `user ${visitor.name}`)
    const fields = await fieldsOf(c)
    const user = await users.find(visitor.name)
    if (visitor.via !== 'session' || user === null) {
      throw new RunhookError('conflict', 'Your proxy signs you in; there is no password to change.')
    }
    if (user.identity !== null) {
      throw new RunhookError('conflict', `${user.createdBy} signs you in; no password here does.`)
    }
    if (user.hasPassword) {
      const guessed = await signIn.guess(incomingOf(c), user.name, fields('current'))
      if (guessed === null) return show(c, 403, 'The current password is wrong.')
      if ('wait' in guessed) return show(c, 429, 'Too many tries. Wait some minutes.')
    }
    const problem = passwordProblem(fields('password'))
    if (problem !== null) return show(c, 422, `The new password ${problem}.`)
    await users.setPassword(user.name, await hashPassword(fields('password')), visitor.session)
    return c.redirect('/-/account', 303)
  })

  pages.post('/-/sessions/:id/end', { ...viewer, audit: 'session.end' }, async (c) => {
    const visitor = c.get('visitor')
    const id = Number(/^[1-9]\d{0,14}$/.exec(c.req.param('id') ?? '')?.[0] ?? 0)
    const session = (await sessions.list(now())).find((one) => one.id === id)
    if (!session || !maySee(visitor, session.user)) {
      throw new RunhookError('not-found', 'There is no such session, or it has ended.')
    }
    c.set('about', `session #${id} of ${session.user}`)
    await sessions.end(id)
    return c.redirect('/-/account', 303)
  })
}

/** By names as they are kept: those of sessions and of visitors come from the same row. */
function maySee(visitor: Guest, owner: string): boolean {
  return visitor.name === owner || reaches(visitor.role, 'admin')
}

interface Shown {
  readonly visitor: Guest
  readonly user: User | null
  readonly sessions: readonly Session[]
  readonly problem: string | null
}

function accountPage(status: number, shown: Shown): Promise<Response> {
  const { visitor, user } = shown
  const content = html`<p>Signed in as <strong>${visitor.name}</strong>, ${visitor.role}.
${visitor.via === 'proxy' ? 'Your proxy says who you are.' : ''}
${user?.identity ? `${user.createdBy} says who you are.` : ''}</p>
${visitor.via === 'session' ? html`<form method="post" action="/-/logout"><button>Sign out</button></form>` : ''}
${passwordForm(shown)}
${sessionTable(shown)}
<p><a href="/-/">To the dashboard</a></p>`
  return page(status, 'Account', content)
}

function passwordForm({ visitor, user, problem }: Shown) {
  if (visitor.via !== 'session' || user?.identity != null) return ''
  const current = html`<label>Current password
<input name="current" type="password" autocomplete="current-password" required></label>`
  return html`<h2>Password</h2>
${problemOf(problem)}
<form class="wide" method="post" action="/-/account/password">
${user?.hasPassword ? current : ''}
<label>New password, at least ${PASSWORD_MIN} characters
<input name="password" type="password" autocomplete="new-password" minlength="${PASSWORD_MIN}" required></label>
<button>${user?.hasPassword ? 'Change it' : 'Set it'}</button>
</form>
<p>Whoever else is signed in as you is signed out by it.</p>`
}

function sessionTable({ visitor, sessions }: Shown) {
  const rows = sessions.map((session) => sessionRow(session, visitor.session))
  return html`<h2>Sessions</h2>
<div class="scroll"><table>
<thead><tr><th>Who</th><th>From</th><th>Browser</th><th>Last used</th><td></td></tr></thead>
<tbody>${rows}</tbody>
</table></div>`
}

function sessionRow({ id, user, address, userAgent, seenAt }: Session, own: number | null) {
  const end = html`<form method="post" action="/-/sessions/${id}/end">
<button class="plain" aria-label="End session ${id} of ${user}">End</button></form>`
  return html`<tr><td>${user}</td><td>${address}</td><td title="${userAgent}">${browserName(userAgent)}</td>
<td><time datetime="${new Date(seenAt).toISOString()}">${new Date(seenAt).toISOString().slice(0, 16).replace('T', ' ')} UTC</time></td>
<td>${id === own ? 'this one' : end}</td></tr>`
}
