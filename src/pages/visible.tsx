/** Text that strangers may have written, as text: what would be invisible or turn the line around is shown. */

import type { Child } from 'hono/jsx'

/** C0, DEL, C1, marks that turn the reading direction or have no width, line separators, lone surrogates. */
const STRANGE =
  /((?![\n\t])\p{Cc}|[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\u2028\u2029\ufeff]|\p{Surrogate})/u

/** A longer text that may have to be scrolled, so the keyboard must get there. */
export function Pre(props: { label: string; look?: string; children: Child }) {
  const { label, look = '', children } = props
  return (
    <section class={`pre ${look}`} aria-label={label} tabindex={0}>
      <pre>{children}</pre>
    </section>
  )
}

export function Plain({ text }: { text: string }) {
  return (
    <>
      {text.split(STRANGE).map((part, index) => {
        return index % 2 === 0 ? part : <span class="strange">{codeOf(part)}</span>
      })}
    </>
  )
}

/** The same where no element may stand: titles of pages, values of attributes. */
export function plain(text: string): string {
  return text
    .split(STRANGE)
    .map((part, index) => (index % 2 === 0 ? part : codeOf(part)))
    .join('')
}

function codeOf(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`
}
