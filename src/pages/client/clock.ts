/** Times of a page go on while one looks at it: in the server's words, and by the server's clock. */

import { ago, took } from './when.js'

const root = document.documentElement
/** From then on ages are dates, in the time zone of the server, ms. */
const DATES = 29 * 24 * 60 * 60 * 1000
/** Between two ticks: where something runs or is about to, where an age is told in seconds, else; ms. */
const [RUNS, FRESH, ELSE] = [1000, 5000, 30_000]

/** How far the server's clock is ahead of this machine's, ms. */
let ahead = 0
let timer = 0

function setClock(arrived: number): void {
  const now = Number(root.dataset.now)
  const found = now - arrived
  // The time that an answer takes is in it: less than a second or two is not known any better than before.
  if (now > 0 && Math.abs(found - ahead) > 2000) ahead = found
}

function tick(): void {
  clearTimeout(timer)
  if (document.hidden) return
  const now = Date.now() + ahead
  let pause = ELSE
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-age]')) {
    const at = Date.parse(time.dateTime)
    if (now - at < 60_000) pause = FRESH
    if (now - at < DATES) say(time, ago(at, now))
  }
  for (const time of document.querySelectorAll<HTMLElement>('[data-since]')) {
    pause = RUNS
    say(time, took(now - Number(time.dataset.since)))
  }
  for (const time of document.querySelectorAll<HTMLElement>('[data-until]')) {
    pause = RUNS
    say(time, took(1000 * Math.max(0, Math.ceil((Number(time.dataset.until) - now) / 1000))))
  }
  timer = setTimeout(tick, pause)
}

function say(element: Element, words: string): void {
  if (element.textContent !== words) element.textContent = words
}

const [loaded] = performance.getEntriesByType('navigation')
const answered = loaded instanceof PerformanceNavigationTiming ? loaded.responseStart : 0
setClock(answered > 0 ? performance.timeOrigin + answered : Date.now())
document.addEventListener('visibilitychange', tick)
document.addEventListener('page-taken-over', () => {
  setClock(Date.now())
  tick()
})
addEventListener('pageshow', tick)
tick()
