/** The command `runhook`: its verbs in groups, its help, and where its words go. */

import { Command } from 'commander'
import { version } from '../version.ts'
import type { Terminal } from './terminal.ts'
import * as verb from './verbs.ts'
import { addDeliveries, addRedeliver } from './verbs-delivery.ts'
import { addDoctor } from './verbs-doctor.ts'
import { addRollouts, addWorkers } from './verbs-fleet.ts'
import { addExport, addImport, addMigrate } from './verbs-record.ts'
import { addToken } from './verbs-token.ts'
import { addAudit, addUser } from './verbs-user.ts'

/** `finish` is told the exit code of the verb that ran. */
export function createProgram(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const program = new Command('runhook')
    .description('When something happens at your Git host, or you call a URL, run a command here.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.talk.write(text),
      outputError: () => {}, // thrown as well, and said in usage.ts
      getOutHelpWidth: () => terminal.out.columns ?? 100,
      getErrHelpWidth: () => terminal.talk.columns ?? 100,
    })
    .exitOverride()
    .addHelpText('after', examples)
  const all: verb.Verbs = { program, terminal, finish }
  program.commandsGroup('Run it:')
  verb.addServe(all)
  verb.addWorker(all)
  verb.addCheck(all)
  addDoctor(all)
  program.commandsGroup('Try it:')
  verb.addSend(all)
  verb.addSign(all)
  verb.addTrigger(all)
  program.commandsGroup('See what happened:')
  verb.addRuns(all)
  verb.addLogs(all)
  addDeliveries(all)
  program.commandsGroup('Step in:')
  verb.addCancel(all)
  verb.addRerun(all)
  addRedeliver(all)
  program.commandsGroup('Let others in:')
  addUser(all)
  addToken(all)
  addAudit(all)
  program.commandsGroup('On several machines:')
  addWorkers(all)
  addRollouts(all)
  program.commandsGroup('Keep its history:')
  addMigrate(all)
  addExport(all)
  addImport(all)
  return program
}

const examples = `
Examples:
  runhook help deliveries              every option of a command, with examples
  runhook serve                        listen, as hooks.json says
  runhook check                        find mistakes in hooks.json
  runhook doctor                       would its commands work here, from a hook?
  runhook send blog --branch main      send what the Git host would send
  runhook trigger clear-cache --wait   start a hook by hand and watch it
  runhook logs -f                      watch the newest run
  runhook deliveries 57                why did this push run nothing?
  runhook check --explain 57           and would it, by the file as I have edited it?

Exit codes: 0 ok, 1 the run or the check failed, 2 wrong usage, 3 not found, 4 not allowed,
5 no server answers, 78 serve or worker cannot start with this file or data directory, 130 interrupted.`
