/**
 * The output of a command on its way to a terminal or a page: colours stay, every other escape sequence
 * goes. Sequences may be split between pieces. A sequence that never ends does not swallow what follows: it
 * ends with its line at the latest.
 */

interface State {
  mode: Mode
  /** Parameters of the control sequence under way. */
  sequence: string
  /** Whether any colour was let through, which has to be taken back at the end. */
  coloured: boolean
  readonly harmful: (character: string) => string
}

/** `control` is a CSI sequence, `string` an OSC, DCS or the like, which runs to its own end mark. */
type Mode = 'text' | 'escape' | 'control' | 'string' | 'string-escape'

export interface ColourFilter {
  filter(text: string): string
  /** What takes the last colour back. */
  end(): string
}

/** What stands for a control character, or a mark that turns the direction: without `harmful`, nothing. */
export function keepColours(harmful: State['harmful'] = () => ''): ColourFilter {
  const state: State = { mode: 'text', sequence: '', coloured: false, harmful }
  return {
    filter: (text) => Array.from(text, (character) => steps[state.mode](state, character)).join(''),
    end: () => (state.coloured ? '\x1b[0m' : ''),
  }
}

/** What one character adds to the screen, and which mode it leaves us in. */
const steps: Readonly<Record<Mode, (state: State, character: string) => string>> = {
  text: inText,
  escape: afterEscape,
  control: inControl,
  string: inString,
  'string-escape': afterEscapeInString,
}

function inText(state: State, character: string): string {
  state.mode = 'text'
  state.sequence = ''
  if (character === '\x1b') state.mode = 'escape'
  else if (character === '\x9b') state.mode = 'control'
  else if (/[\x90\x98\x9d-\x9f]/.test(character)) state.mode = 'string'
  else if (/[\t\n\r]/.test(character) || !HARMFUL.test(character)) return character
  else return state.harmful(character)
  return ''
}

/** Tab, new line and carriage return (progress bars) stay; marks that turn the direction do not. */
const HARMFUL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u

function afterEscape(state: State, character: string): string {
  if (/[ -/]/.test(character)) return ''
  if (/[\]PX^_]/.test(character)) state.mode = 'string'
  else if (character === '[') state.mode = 'control'
  else if (/[0-~]/.test(character)) state.mode = 'text'
  else return inText(state, character)
  return ''
}

/** Longer than any colour: a longer sequence is dropped whole, and not kept in memory. */
const LONGEST = 64

function inControl(state: State, character: string): string {
  if (/[ -?]/.test(character)) {
    if (state.sequence.length <= LONGEST) state.sequence += character
    return ''
  }
  const { sequence } = state
  if (!/[@-~]/.test(character)) return inText(state, character)
  state.mode = 'text'
  state.sequence = ''
  if (character !== 'm' || sequence.length > LONGEST || !/^[0-9;:]*$/.test(sequence)) return ''
  state.coloured = true
  return `\x1b[${sequence}m`
}

function inString(state: State, character: string): string {
  if (character === '\n') return inText(state, character)
  if (character === '\x07' || character === '\x9c') state.mode = 'text'
  else if (character === '\x1b') state.mode = 'string-escape'
  return ''
}

function afterEscapeInString(state: State, character: string): string {
  if (character === '\\') {
    state.mode = 'text'
    return ''
  }
  state.mode = 'escape'
  return afterEscape(state, character)
}
