/** The frame of every page: head, navigation, who is here. */

import { type Child, useContext } from 'hono/jsx'
import type { Visitor } from '../access/visitor.ts'
import { reaches } from '../record/tokens.ts'
import { version } from '../version.ts'
import { asset } from './assets.ts'
import { Icon, type IconName, type Mood } from './icons.tsx'
import { BASE } from './parts.ts'
import { HasFleet } from './render.tsx'
import { plain } from './visible.tsx'

export type Place = 'overview' | 'runs' | 'deliveries' | 'refused' | 'workers' | 'audit' | null

export interface Frame {
  readonly title: string
  /** What the tab's picture shows. */
  readonly mood?: Mood
  readonly place?: Place
  readonly visitor: Visitor
  /** The page follows what happens. */
  readonly live?: boolean
  /** Without scripts it is loaded again now and then; not where somebody may be filling in a form. */
  readonly refresh?: boolean
}

type Link = readonly [Place, string, IconName, string]

const links: readonly Link[] = [
  ['overview', 'Overview', 'grid', `${BASE}/`],
  ['runs', 'Runs', 'list', `${BASE}/runs`],
  ['deliveries', 'Deliveries', 'inbox', `${BASE}/deliveries`],
  ['refused', 'Refused', 'shield', `${BASE}/refused`],
]
const workers: Link = ['workers', 'Workers', 'server', `${BASE}/workers`]
const audit: Link = ['audit', 'Audit', 'book', `${BASE}/audit`]

/** Nobody is led to what is not there, or not for him. */
function linksFor({ role }: Visitor, hasFleet: boolean): Link[] {
  return [...links, ...(hasFleet ? [workers] : []), ...(reaches(role, 'admin') ? [audit] : [])]
}

export function Layout({ frame, children }: { frame: Frame; children: Child }) {
  const { title, mood = 'idle', place = null, visitor, live = false } = frame
  const { refresh = live } = frame
  const hasFleet = useContext(HasFleet)
  return (
    <html lang="en" data-live={live ? 'yes' : ''} data-now={Date.now()}>
      <head>
        <meta charset="utf-8" />
        <title>{`${plain(title)} · runhook`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="same-origin" />
        <link rel="icon" type="image/svg+xml" href={asset(`${mood}.svg`)} />
        <link rel="stylesheet" href={asset('style.css')} />
        <script src={asset('theme.js')} />
        <script src={asset('cut-off.js')} defer />
        <script src={asset('connection.js')} defer />
        <script src={asset('page.js')} defer />
        <script src={asset('clock.js')} type="module" />
        <script src={asset('lines.js')} defer />
        <script src={asset('log.js')} defer />
        <script src={asset('search.js')} defer />
        <script src={asset('find.js')} defer />
        <script src={asset('paths.js')} defer />
        {refresh ? (
          <noscript>
            <meta http-equiv="refresh" content="5" />
          </noscript>
        ) : null}
      </head>
      <body>
        <a class="skip" href="#main">
          To the content
        </a>
        <header class="bar">
          <a class="brand" href={`${BASE}/`}>
            <img src={asset('idle.svg')} alt="" width="22" height="22" />
            runhook
          </a>
          <nav aria-label="Pages">
            {linksFor(visitor, hasFleet).map(([name, word, icon, href]) => (
              <a href={href} aria-current={name === place ? 'page' : undefined}>
                <Icon name={icon} />
                <span>{word}</span>
              </a>
            ))}
          </nav>
          <theme-switch />
          <a class="who" href={`${BASE}/account`} title={`Role: ${visitor.role}`}>
            {visitor.name}
          </a>
        </header>
        <main id="main">{children}</main>
        <footer class="foot">runhook {version}</footer>
      </body>
    </html>
  )
}

/** The line above a page's heading that says where it belongs. */
export function Crumbs({ of }: { of: readonly (readonly [string, string])[] }) {
  return (
    <nav class="crumbs" aria-label="You are in">
      {of.map(([word, href]) => (
        <a href={href}>{word}</a>
      ))}
    </nav>
  )
}
