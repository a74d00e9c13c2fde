/** Icons, drawn for this: 16 by 16, one stroke, in the colour of the text around them. */

import type { RunStatus } from '../model/run.ts'

const drawings = {
  success: 'M3.5 8.5l3 3 6-7',
  failure: 'M4.5 4.5l7 7m0-7l-7 7',
  timed_out: 'M8 4.5v3.7l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  cancelled: 'M4 12l8-8M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  interrupted: 'M8 3.5v5.5m0 2.6v.4',
  queued: 'M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0z',
  running: 'M8 2a6 6 0 1 1-6 6',
  again: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  stop: 'M4.5 4.5h7v7h-7z',
  play: 'M5 3.5v9l7-4.5z',
  download: 'M8 2.5v8m-3.2-3L8 10.700l3.200-3.200M3 13.500h10',
  copy: 'M6 6h7v7H6zM10 3.500V3H3v7h.5',
  search: 'M11 7A4 4 0 1 1 3 7a4 4 0 0 1 8 0zm-1.200 2.800L13.500 13.500',
  moon: 'M13 9.500A5.500 5.500 0 1 1 6.500 3a4.500 4.500 0 0 0 6.500 6.500z',
  arrow: 'M3 8h9.500M9 4.500L12.500 8 9 11.500',
  key: 'M7.500 8.500L13 3m-2 2l1.800 1.800M8 11a2.700 2.700 0 1 1-5.400 0A2.700 2.700 0 0 1 8 11z',
  shield: 'M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z',
  inbox: 'M2.500 9.500l2-6h7l2 6v3h-11zm0 0h3.500l.7 1.500h2.600l.7-1.500h3.500',
  list: 'M3 4h.01M6 4h7M3 8h.01M6 8h7M3 12h.01M6 12h7',
  grid: 'M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z',
  question: 'M5.500 6a2.500 2.500 0 1 1 3.600 2.200C8.300 8.600 8 9 8 9.800M8 12.200v.3',
  server: 'M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5h.01M5 11h.01',
  book: 'M4 2.500h8.500v11H4a1.500 1.500 0 0 1 0-3h8.500M4 2.500v8',
  open: 'M5 7V5.500a3 3 0 0 1 5.800-1M3.500 7h9v6h-9z',
} as const

export type IconName = keyof typeof drawings

/** Always beside a word, so a screen reader has nothing to say about it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={drawings[name]} />
    </svg>
  )
}

export type Mood = RunStatus | 'idle'

const colours: Readonly<Record<Mood, string>> = {
  idle: '#5b6472',
  queued: '#7d8590',
  running: '#2f6fde',
  success: '#1f8a4c',
  failure: '#d13438',
  timed_out: '#b26a00',
  cancelled: '#7d8590',
  interrupted: '#b26a00',
}

export const moods = Object.keys(colours) as readonly Mood[]

/** The picture in a browser's tab: a coloured tile with the same sign. */
export function favicon(mood: Mood): string {
  const drawing = mood === 'idle' ? 'M5 3.500v9l7-4.500z' : drawings[mood]
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    `<rect width="32" height="32" rx="8" fill="${colours[mood]}"/>` +
    `<path transform="translate(5 5) scale(1.375)" d="${drawing}" fill="none" stroke="#fff" ` +
    'stroke-width="1.900" stroke-linecap="round" stroke-linejoin="round"/></svg>'
  )
}
