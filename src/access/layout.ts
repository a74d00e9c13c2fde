/** The frame of the few pages about signing in. What stands in them is escaped by `html`, all of it. */

import { html } from 'hono/html'
import { styleUrl } from './style.ts'

export type Content = ReturnType<typeof html>

export function layout(title: string, content: Content): Content {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · runhook</title>
<link rel="icon" type="image/svg+xml" href="/-/icon.svg">
<link rel="stylesheet" href="${styleUrl}">
</head>
<body>
<header><a href="/-/">runhook</a></header>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`
}

export async function page(status: number, title: string, content: Content): Promise<Response> {
  const headers = { 'content-type': 'text/html; charset=utf-8' }
  return new Response(String(await layout(title, content)), { status, headers })
}

/** For a form that came after the session had ended. */
export function signedOutPage(back: string): Promise<Response> {
  const content = html`<p>You are not signed in, or no longer. Nothing was done.</p>
<p><a class="button" href="/-/login?next=${encodeURIComponent(back)}">Sign in</a></p>
<p>You come back to the page that you were at; what you pressed there has to be pressed again.</p>`
  return page(401, 'Signed out', content)
}

/** A page that says one thing, and leads back. */
export function noticePage(status: number, title: string, words: string): Promise<Response> {
  return page(status, title, html`<p>${words}</p><p><a href="/-/">To the dashboard</a></p>`)
}
