/** What went wrong, as a page: the same words that the command line and the API have for it. */

import type { RunhookError } from '../errors.ts'
import { Icon } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE } from './parts.ts'
import { page } from './render.tsx'
import { Plain } from './visible.tsx'

/** Null: something of ours, of which a visitor learns nothing but that. */
export function failurePage(
  c: Ask,
  error: RunhookError | null,
  /** Where HTTP has a word for it that our codes have not. */
  status = error?.httpStatus ?? 500,
): Response | Promise<Response> {
  const message = error?.message ?? 'Something went wrong inside the server.'
  const hook = error?.code === 'not-found' ? askedHook(c.req.path) : undefined
  const hint = error ? error.hint : 'Its log says what.'
  if (error?.retryAfter) c.header('retry-after', `${error.retryAfter}`)
  return page(
    c,
    <Layout frame={{ title: headings[status] ?? 'Not done', visitor: c.get('visitor') }}>
      <section class="failure card">
        <h1>
          <Icon name="interrupted" />
          {headings[status] ?? 'Not done'}
        </h1>
        <p>
          <Plain text={message} />
        </p>
        {hint === null ? null : (
          <p class="dim">
            <Plain text={hint} />
          </p>
        )}
        <p>
          {hook === undefined ? null : (
            <>
              <a href={`${BASE}/runs?hook=${hook}`}>The runs of {hook}</a>,{' '}
            </>
          )}
          <a href={`${BASE}/`}>To the overview</a>
        </p>
      </section>
    </Layout>,
    status,
  )
}

/** Pages of a hook are asked for long after it was taken out of the file: bookmarks, links in chats. */
function askedHook(path: string): string | undefined {
  return /^\/-\/hooks\/([a-z0-9][a-z0-9-]{0,62})(?:\/|$)/.exec(path)?.[1]
}

const headings: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not now',
  413: 'Too large',
  415: 'Not understood',
  422: 'Not understood',
  429: 'Too many at once',
  500: 'Something broke',
  503: 'Not at the moment',
}
