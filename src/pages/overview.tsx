/** The first page: a card for each hook, and what there is to know at a glance. */

import { reaches } from '../record/tokens.ts'
import { like } from '../show/parameters.ts'
import { FileProblem } from './file-problem.tsx'
import { NoHooks, NothingYet } from './first-steps.tsx'
import { type Card, glanceAt } from './glance.ts'
import { HookCard } from './hook-card.tsx'
import { Icon, type Mood } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'

const part = like(/^.{1,100}$/su, 'a part of the name of a hook')

export async function overviewPage(c: Ask, parts: PagesParts): Promise<Response> {
  const now = Date.now()
  const find = queryValue(c, 'find', part) ?? ''
  const glance = await glanceAt(parts, now)
  const { cards, refused } = glance
  const found = cards.filter(({ hook }) => isFound(hook, find))
  const mayRun = reaches(c.get('visitor').role, 'operator')
  const { file } = parts.hooks()
  const frame = {
    title: titleOf(cards),
    mood: moodOf(cards),
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
            <Numbers parts={parts} cards={cards} />
            <Find find={find} />
          </div>
          {glance.hasDeliveries ? null : (
            <NothingYet hooks={cards.map(({ hook }) => hook)} file={file} />
          )}
          <ul class="cards">
            {await Promise.all(found.map((card) => HookCard({ card, glance, parts, now, mayRun })))}
          </ul>
          {found.length === 0 ? (
            <p class="dim">
              No hook is called like this. <a href={`${BASE}/`}>All hooks</a>
            </p>
          ) : null}
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
function isFound({ name, repositories }: Card['hook'], find: string): boolean {
  const words = [name, ...repositories.map((one) => `${one.host}:${one.name}`)]
  return words.some((word) => word.toLowerCase().includes(find.trim().toLowerCase()))
}

/** With scripts the cards follow while somebody types; without, Enter asks for the page. */
function Find({ find }: { find: string }) {
  return (
    <hook-find>
      <search>
        <form method="get" action={`${BASE}/`}>
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

function Numbers({ parts, cards }: { parts: PagesParts; cards: readonly Card[] }) {
  const { running, waiting } = parts.control.status()
  const last = cards.map(({ runs }) => runs.find((run) => run.finishedAt !== null)?.status)
  const well = last.filter((status) => status === 'success').length
  const badly = last.filter((status) => isBad(status)).length
  const numbers = [
    [well, 'ok', 'success'],
    [badly, 'failing', 'failure'],
    [running, 'running', 'running'],
    [waiting, 'waiting', 'queued'],
  ] as const
  return (
    <ul class="numbers">
      {numbers.map(([count, word, look]) => (
        <li class={`s-${count > 0 ? look : 'queued'}`}>
          {count === 0 ? (
            <Counted count={count} word={word} />
          ) : (
            <a href={`${BASE}/runs?status=${look}`}>
              <Counted count={count} word={word} />
            </a>
          )}
        </li>
      ))}
    </ul>
  )
}

function Counted({ count, word }: { count: number; word: string }) {
  return (
    <>
      <b>{count}</b> {word}
    </>
  )
}

function isBad(status: Mood | undefined): boolean {
  return status === 'failure' || status === 'timed_out' || status === 'interrupted'
}

function moodOf(cards: readonly Card[]): Mood {
  const last = cards.flatMap(({ shown }) => shown?.status ?? [])
  if (last.includes('running')) return 'running'
  if (last.some(isBad)) return 'failure'
  return last.includes('success') ? 'success' : 'idle'
}

function titleOf(cards: readonly Card[]): string {
  const running = cards.reduce((sum, card) => sum + card.running.length, 0)
  const failing = cards.filter(({ shown }) => isBad(shown?.status)).length
  if (running > 0) return `${running} running`
  return failing > 0 ? `${failing} failing` : 'Overview'
}
