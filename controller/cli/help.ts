/** Help texts, from the declarations. */
import { type Command, environmentName, type Flag, type Flags, groups } from './command.ts'
import { globalFlags } from './flags.ts'

export const usage = (command: Command): string => {
  const positional = command.arguments
    .filter((argument) => !argument.rest)
    .map(({ name, optional }) => (optional ? `[${name}]` : name))
  const rest = command.arguments.filter((argument) => argument.rest).map(({ name }) => `-- ${name}...`)
  const flags = Object.entries(command.flags)
  const needed = flags
    .filter(([, flag]) => flag.required)
    .map(([name, flag]) => `${shortest(name, flag)} ${flag.value}`)
  const free = flags.length > needed.length ? ['[FLAGS]'] : []
  return ['weft', command.name, ...positional, ...needed, ...free, ...rest].join(' ')
}

export const commandHelp = (command: Command): string => {
  const named = command.arguments.map(({ name, text }) => [name, text] as const)
  return sections([
    `Usage: ${usage(command)}\n`,
    `${sentence(command.summary)}\n${command.details ? `\n${command.details.trim()}\n` : ''}`,
    section('Arguments', named),
    section('Flags', flagRows(command.flags)),
    section('Flags of every command', flagRows(globalFlags)),
    section('Examples', command.examples),
  ])
}

export const programHelp = (commands: readonly Command[]): string =>
  sections([
    'Usage: weft COMMAND [ARGUMENTS] [FLAGS]\n',
    'Virtual networks of virtual machines, containers and links: requested in a file, mapped and built on\nXen, KVM and container hosts.\n',
    ...groups.map((group) =>
      section(
        group,
        commands.filter((command) => command.group === group).map(({ name, summary }) => [name, summary] as const),
      ),
    ),
    section('Flags of every command', flagRows(globalFlags)),
    'Every flag but --help can be set in the environment: --run-dir as WEFT_RUN_DIR.\n"weft help COMMAND" says more about a command.\n',
  ])

const sections = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n')

const section = (title: string, rows: readonly (readonly [string, string])[]): string => {
  if (rows.length === 0) return ''
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)))
  // What is too long for its column has the line for itself.
  const line = ([left, right]: readonly [string, string]) => {
    if (right === '') return `  ${left}`
    return left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`
  }
  return `${title}:\n${rows.map(line).join('\n')}\n`
}

const shortest = (name: string, { short }: Flag): string => (short ? `-${short}` : `--${name}`)

export const flagRows = (flags: Flags): readonly (readonly [string, string])[] =>
  Object.entries(flags).map(([name, flag]) => {
    const { short, value, text, choices, required, repeated } = flag
    const left = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`
    const notes = [
      choices?.join('|'),
      flag.default === undefined ? undefined : `default ${flag.default}`,
      required ? 'required' : undefined,
      repeated ? 'may be repeated' : undefined,
      ...(flag.typed ? [] : [environmentName(name)]),
    ]
    const known = notes.filter((note) => note !== undefined)
    return [left, known.length > 0 ? `${text} (${known.join('; ')})` : text]
  })

const sentence = (summary: string): string => `${summary[0]?.toUpperCase()}${summary.slice(1)}.`
