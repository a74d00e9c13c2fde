/** How the pages about signing in look: calm, light and dark, readable on a phone. */
export const style = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f6f7f9, #14171c); color: light-dark(#1c2128, #d7dde5); }
main { max-width: 42rem; margin: 4rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; font-weight: 600; }
h2 { font-size: 1.1rem; font-weight: 600; margin-top: 2.5rem; }
form.wide { display: grid; gap: 1rem; max-width: 22rem; }
label { display: grid; gap: 0.25rem; }
input { font: inherit; color: inherit; padding: 0.5rem; border: 1px solid light-dark(#8a94a3, #6b7685);
  border-radius: 6px; background: light-dark(#fff, #1c2128); }
button { font: inherit; padding: 0.5rem 1rem; border: 0; border-radius: 6px; cursor: pointer;
  background: light-dark(#1f5fbf, #5b9bf5); color: light-dark(#fff, #10141a); justify-self: start; }
button.plain { background: none; color: light-dark(#1f5fbf, #7db0f7); padding: 0; text-decoration: underline; }
:focus-visible { outline: 2px solid light-dark(#1f5fbf, #7db0f7); outline-offset: 2px; }
a { color: light-dark(#1f5fbf, #7db0f7); }
code { font-family: ui-monospace, monospace; font-size: 0.95em; overflow-wrap: anywhere; }
p.problem { border-left: 3px solid light-dark(#b3261e, #f2837b); padding-left: 0.75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.4rem 1rem 0.4rem 0; vertical-align: top;
  border-bottom: 1px solid light-dark(#d9dee5, #2b323c); }
th { font-weight: 600; }
@media (max-width: 30rem) { main { margin-top: 1.5rem; } }
`
