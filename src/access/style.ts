import { createHash } from 'node:crypto'

/**
 * How the pages about signing in look: as those of the dashboard, with a sheet of their own that anybody may load.
 * A page of the dashboard that leads here begins a transition, which is an error where this side wants none.
 */
export const style = `:root { color-scheme: light dark; font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", "DejaVu Sans", sans-serif; --card: light-dark(#fff, #161b22); --line: light-dark(#dfe3e9, #272e38);
  --text: light-dark(#1a2029, #e1e6ed); --dim: light-dark(#59636f, #98a3b0); --link: light-dark(#1f55b5, #82b1ff); }
* { box-sizing: border-box; }
body { margin: 0; background: light-dark(#f5f6f8, #0e1217); color: var(--text); }
header { display: flex; align-items: center; min-height: 52px; padding: 0 24px; background: var(--card);
  border-bottom: 1px solid var(--line); }
header a:not(.button) { color: var(--text); font-size: 15px; font-weight: 680; letter-spacing: -0.01em; text-decoration: none; }
main { max-width: 720px; margin: 40px auto; padding: 20px 28px 28px; border: 1px solid var(--line);
  border-radius: 10px; background: var(--card); overflow-wrap: anywhere; }
h1 { margin: 0 0 14px; font-size: 21px; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 32px 0 10px; font-size: 15px; font-weight: 650; }
form.wide { display: grid; gap: 14px; max-width: 340px; }
label { display: grid; gap: 4px; font-weight: 550; }
input { min-height: 36px; padding: 4px 9px; border: 1px solid light-dark(#8a94a3, #6b7685); border-radius: 8px;
  background: var(--card); color: inherit; font: inherit; }
button { min-height: 36px; padding: 4px 14px; border: 0; border-radius: 8px; background: light-dark(#1f55b5, #2e62bd);
  color: #fff; font: 550 14px/1.4 inherit; font-family: inherit; cursor: pointer; justify-self: start; }
a.button { display: inline-flex; align-items: center; min-height: 36px; padding: 4px 14px; border-radius: 8px;
  background: light-dark(#1f55b5, #2e62bd); color: #fff; font-weight: 550; text-decoration: none; }
button:hover, a.button:hover { background: light-dark(#18479a, #3a70cd); }
button.plain { min-height: 24px; padding: 0; background: none; color: var(--link); text-decoration: underline; }
:focus-visible { outline: 2px solid light-dark(#2f6fde, #82b1ff); outline-offset: 2px; }
a:not(.button) { color: var(--link); }
code { padding: 1px 5px; border-radius: 5px; background: light-dark(#eceff3, #1f262f); font: 12.5px ui-monospace,
  "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
p.problem { padding: 9px 12px; border-radius: 8px; background: light-dark(#fdeaea, #331719); }
.scroll { overflow-x: auto; }
table { width: 100%; border-spacing: 0; }
th, td { padding: 8px 14px 8px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: normal; }
th { color: var(--dim); font-size: 12px; font-weight: 550; }
@media (prefers-reduced-motion: no-preference) { @view-transition { navigation: auto; } }
@media (max-width: 760px) { main { margin: 14px; padding: 16px 18px 22px; } button, input, a.button { min-height: 40px; } }
`

export const STYLE_PATH = '/-/access.css'
const version = createHash('sha256').update(style).digest('hex').slice(0, 12)

/**
 * Named by what it says, so that browsers keep it: one that had to ask again could draw the page without it for a
 * moment, and say that the transition to it was broken off.
 */
export const styleUrl = `${STYLE_PATH}?${version}`

/** `wanted`: the version that a page asks for, which may be of another release behind the same address. */
export function styleAnswer(wanted: string): Response {
  const keep = wanted === version ? 'public, max-age=31536000, immutable' : 'no-store'
  return new Response(style, {
    headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': keep },
  })
}
