/** The first page: a card for each hook, and what there is to know at a glance. */

import { reaches } from '../record/tokens.ts'
import { like, oneOf } from '../show/parameters.ts'
import { FileProblem } from './file-problem.tsx'
import { NoHooks, NothingYet } from './first-steps.tsx'
import { type Card, glanceAt } from './glance.ts'
import { HookCard } from './hook-card.tsx'
import { Icon } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import {
  moodOf,
  type Numbers,
  numbersOf,
  type Standing,
  standings,
  stands,
  titleOf,
} from './standing.ts'

const part = like(/^.{1,100}$/su, 'a part of the name of a hook')

/** What the address asks for: a view can be sent to somebody else. */
interface Asked {
  readonly find: string
  readonly state: Standing | undefined
}

export async function overviewPage(c: Ask, parts: PagesParts): Promise<Response> {
  const now = Date.now()
  const asked = {
    find: queryValue(c, 'find', part) ?? '',
    state: queryValue(c, 'state', oneOf(standings)),
  }
  const glance = await glanceAt(parts, now)
  const { cards, refused } = glance
  const found = cards.filter((card) => isFound(card, asked))
  const numbers = numbersOf(cards, parts.control.status())
  const mayRun = reaches(c.get('visitor').role, 'operator')
  const { file } = parts.hooks()
  const frame = {
    title: titleOf(numbers),
    mood: moodOf(numbers),
    place: 'overview' as const,
    visitor: c.get('visitor'),
    live: true,
  }
  return page(
    c,
    <Layout frame={frame}>
      <h1 class="unseen">Overview</h1>
      <FileProblem file={parts.hooksFile()} visitor={c.get('visitor')} now={now} />
      {cards.length === 0 ? (
        <NoHooks file={file} />
      ) : (
        <>
          <div class="glance">
            <NumberList numbers={numbers} asked={asked} />
            <Find asked={asked} />
          </div>
          {glance.hasDeliveries ? null : (
            <NothingYet hooks={cards.map(({ hook }) => hook)} file={file} />
          )}
          <Narrowed asked={asked} isEmpty={found.length === 0} />
          <ul class="cards">
            {await Promise.all(found.map((card) => HookCard({ card, glance, parts, now, mayRun })))}
          </ul>
        </>
      )}
      {refused === 0 ? null : (
        <p class="refused-line">
          <Icon name="shield" />
          <a href={`${BASE}/refused`}>
            {refused === 1 ? '1 request was' : `${refused} requests were`} refused in the last day
          </a>
        </p>
      )}
    </Layout>,
  )
}

/** By its name, or by a repository. */
function isFound(card: Card, { find, state }: Asked): boolean {
  const { name, repositories } = card.hook
  const words = [name, ...repositories.map((one) => `${one.host}:${one.name}`)]
  const isCalled = words.some((word) => word.toLowerCase().includes(find.trim().toLowerCase()))
  return isCalled && (state === undefined || stands(card, state))
}

/** Says that these are not all, and leads to the runs that are meant where those may be of no hook any more. */
function Narrowed({ asked: { find, state }, isEmpty }: { asked: Asked; isEmpty: boolean }) {
  if (state === undefined && !isEmpty) return null
  const under = state === 'running' || state === 'waiting'
  return (
    <p class="dim">
      {isEmpty && find !== '' ? 'No hook is called like this' : null}
      {isEmpty && find === '' ? `No hook is ${state}` : null}
      {isEmpty ? null : `Only hooks that are ${state}`}
      {isEmpty && find !== '' && state !== undefined ? ` and ${state}` : null}.{' '}
      <a href={`${BASE}/`}>All hooks</a>
      {under ? (
        <>
          , or <a href={`${BASE}/runs?status=${looks[state]}`}>the runs that are {state}</a>
        </>
      ) : null}
    </p>
  )
}

function address({ find, state }: Asked): string {
  const query = new URLSearchParams()
  if (find !== '') query.set('find', find)
  if (state !== undefined) query.set('state', state)
  return query.size === 0 ? `${BASE}/` : `${BASE}/?${query}`
}

/** With scripts the cards follow while somebody types; without, Enter asks for the page. */
function Find({ asked: { find, state } }: { asked: Asked }) {
  return (
    <hook-find>
      <search>
        <form method="get" action={`${BASE}/`}>
          {state === undefined ? null : <input type="hidden" name="state" value={state} />}
          <label class="find">
            <Icon name="search" />
            <span class="unseen">Find a hook</span>
            <input type="search" name="find" value={find} placeholder="Find a hook" />
          </label>
        </form>
      </search>
    </hook-find>
  )
}

/** Each narrows the cards to those that it counts, and back. */
function NumberList({ numbers, asked }: { numbers: Numbers; asked: Asked }) {
  return (
    <ul class="numbers">
      {standings.map((standing) => {
        const count = numbers[standing]
        const isAsked = asked.state === standing
        const state = isAsked ? undefined : standing
        return (
          <li class={`s-${count > 0 ? looks[standing] : 'queued'}`}>
            {count === 0 && !isAsked ? (
              <Counted count={count} word={standing} />
            ) : (
              <a href={address({ ...asked, state })} aria-current={isAsked ? 'true' : undefined}>
                <Counted count={count} word={standing} />
              </a>
            )}
          </li>
        )
      })}
    </ul>
  )
}

const looks = { ok: 'success', failing: 'failure', running: 'running', waiting: 'queued' } as const

function Counted({ count, word }: { count: number; word: string }) {
  return (
    <>
      <b>{count}</b> {word}
    </>
  )
}
