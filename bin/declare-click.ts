/** The commands on Click configurations. */
import { type Command, defineCommand } from '../controller/cli/command.ts'

/** Reads `NAME=VALUE`, a variable of the configuration, its value a character a byte as the configuration's text is. */
const variable = (text: string): readonly [name: string, value: string] => {
  const [, name, value] = /^\$?([A-Za-z0-9_]+)=([\s\S]*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new Error('NAME=VALUE, the name of letters, digits and underscores')
  }
  return [name, Buffer.from(value).toString('latin1')]
}

export const fileArgument = {
  name: 'FILE',
  text: 'the configuration; stdin without it or with -',
  optional: true,
} as const

export const clickSourceFlags = {
  expression: { short: 'e', value: 'TEXT', text: 'the configuration itself, in place of FILE', typed: true },
  define: {
    short: 'D',
    value: 'NAME=VALUE',
    repeated: true,
    parse: variable,
    typed: true,
    text: 'value of a variable, before what the configuration defines',
  },
} as const

export const clickFlattenFlags = {
  ...clickSourceFlags,
  'expand-variables': { text: 'puts the values of the variables in their place' },
  plain: { text: 'without line directives' },
} as const

export const clickCheckFlags = clickSourceFlags

export const clickGraphFlags = {
  ...clickSourceFlags,
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['dot', 'mermaid'],
    default: 'dot',
    text: 'how the graph is written',
  },
} as const

export const clickElementsFlags = { json: { text: 'prints JSON' } } as const

export const clickCommands: readonly Command[] = [
  defineCommand({
    name: 'click flatten',
    group: 'Click',
    summary: 'print a configuration without compound elements and groups',
    details: `
Elements and connections get the names that click-flatten gives them. Line directives keep what errors will call their places.`,
    arguments: [fileArgument],
    flags: clickFlattenFlags,
    examples: [
      ['weft click flatten router.click', ''],
      ["weft click flatten --plain -e 'Idle -> { input -> Null -> output } -> Discard'", 'without a file'],
    ],
    load: () => import('./commands/click-flatten.ts'),
  }),
  defineCommand({
    name: 'click check',
    group: 'Click',
    summary: 'say what is wrong with a configuration',
    details: `
Elements, arguments, ports, push and pull. Errors go to stderr, as FILE:LINE: TEXT; the exit status is 1 where there are any.`,
    arguments: [fileArgument],
    flags: clickCheckFlags,
    examples: [['weft click check router.click', '']],
    load: () => import('./commands/click-check.ts'),
  }),
  defineCommand({
    name: 'click graph',
    group: 'Click',
    summary: 'draw a configuration, as dot or Mermaid',
    arguments: [fileArgument],
    flags: clickGraphFlags,
    examples: [['weft click graph router.click | dot -Tsvg > router.svg', '']],
    load: () => import('./commands/click-graph.ts'),
  }),
  defineCommand({
    name: 'click elements',
    group: 'Click',
    summary: 'list element classes, or say all of one',
    arguments: [{ name: 'NAME', text: 'of an element class', optional: true }],
    flags: clickElementsFlags,
    examples: [
      ['weft click elements Classifier', 'its ports, arguments and handlers'],
      ['weft click elements --json', 'for programs'],
    ],
    load: () => import('./commands/click-elements.ts'),
  }),
]
