/** What a person who has just started is told: how the first hook is written, and how it is tried. */

import { dirname, join } from 'node:path'
import { quote } from '../hosts/recipes.ts'
import type { Hook } from '../model/hook.ts'
import { Icon } from './icons.tsx'
import { startsByHand } from './inputs.tsx'
import { hookAt } from './parts.ts'
import { Pre } from './visible.tsx'

/** Hooks that are named one by one; a long file is on the page anyway. */
const NAMED = 5

const example = `{
  "hooks": {
    "blog": {
      "repo": "github:octocat/blog",
      "on": { "push": { "branches": ["main"] } },
      "secret": "\${BLOG_SECRET}",
      "working-directory": "/srv/blog",
      "run": "git pull --ff-only"
    }
  }
}`

export function NoHooks({ file }: { file: string }) {
  const secrets = quote(join(dirname(file), '.env'))
  return (
    <section class="card first-steps">
      <h2>No hooks yet</h2>
      <p>
        A hook says: when this happens, run that. Three steps on the server lead to the first one.
      </p>
      <ol class="setup">
        <li>
          Make a secret that the Git host and this server share:
          <Command
            does="Makes a secret"
            text={`(umask 077; echo "BLOG_SECRET=$(openssl rand -hex 32)" >> ${secrets})`}
          />
        </li>
        <li>
          Write the hook into <code>{file}</code>, with your repository and your command:
          <Command does="A first hook" text={example} />
        </li>
        <li>
          See whether there are mistakes in it. It is taken over as soon as it is saved, and this
          page then shows its card.
          <Command does="Looks for mistakes" text={`runhook check --config ${quote(file)}`} />
        </li>
      </ol>
      <p>
        From there its setup page says what to enter at the Git host, and turns green by itself when
        the first delivery arrives.
      </p>
    </section>
  )
}

/** There are hooks, and nothing has ever come for any of them. */
export function NothingYet({ hooks, file }: { hooks: readonly Hook[]; file: string }) {
  const hosted = hooks.filter((hook) => hook.enabled && hook.repositories.length > 0)
  const byHand = hooks.filter(startsByHand)
  const config = `--config ${quote(file)}`
  return (
    <section class="card first-steps">
      <h2>Nothing has come in yet</h2>
      <ol class="setup">
        {hosted.length === 0 ? null : (
          <li>
            Let the Git host know. The setup page says what to enter there, and turns green when it
            arrives:
            <Links hooks={hosted} to="/setup" word="Set up" icon="key" />
          </li>
        )}
        {byHand.length === 0 ? null : (
          <li>
            Start what needs no Git host:
            <Links hooks={byHand} to="#run" word="Run" icon="play" />
          </li>
        )}
        {hosted[0] === undefined ? null : (
          <li>
            Or try it without waiting for anybody. On the server this sends what the host would
            send, signed; its command runs:
            <Command
              does="Sends a test delivery"
              text={`runhook send ${hosted[0].name} ${config}`}
            />
          </li>
        )}
      </ol>
    </section>
  )
}

function Links(props: { hooks: readonly Hook[]; to: string; word: string; icon: 'key' | 'play' }) {
  return (
    <p class="buttons">
      {props.hooks.slice(0, NAMED).map(({ name }) => (
        <a class="button quiet" href={`${hookAt(name)}${props.to}`}>
          <Icon name={props.icon} /> {props.word} {name}
        </a>
      ))}
    </p>
  )
}

function Command({ text, does }: { text: string; does: string }) {
  return (
    <copy-text class="copied block">
      <Pre label={does}>{text}</Pre>
    </copy-text>
  )
}
