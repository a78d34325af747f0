/**
 * From an argument vector and an environment to a command with its flags and arguments. Splitting is Node's (util.parseArgs); what is
 * right, and the words for what is not, come from the declarations.
 */
import { parseArgs } from 'node:util'
import { suggest } from '../description/nearest.ts'
import { type Command, environmentName, type Flag, type Flags, type FlagValues, type Input } from './command.ts'
import { globalFlags } from './flags.ts'
import { UsageError } from './usage-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Found {
  /** undefined: none was named. */
  readonly command: Command | undefined
  /** What stands beside its name. */
  readonly rest: readonly string[]
}

export interface Parsed {
  readonly globals: FlagValues<typeof globalFlags>
  /** undefined where help was asked for: then nothing was checked. */
  readonly input: Input | undefined
}

/** Throws UsageError. */
export const parseCommand = ({ command, rest }: Found, env: Environment): Parsed => {
  const flags: Flags = { ...globalFlags, ...command?.flags }
  const given = splitArguments(rest, flags, command)
  const globals = readFlags(globalFlags, given.values, env, command) as FlagValues<typeof globalFlags>
  if (!command || globals.help) return { globals, input: undefined }
  const input = {
    flags: readFlags(command.flags, given.values, env, command) as Input['flags'],
    args: given.positionals,
    rest: given.rest,
  }
  checkArguments(command, input)
  return { globals, input }
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

const tokensOf = (argv: readonly string[], flags: Flags): readonly Token[] => {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { short, value }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), ...(short ? { short } : {}) },
    ]),
  )
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens ?? []
}

/**
 * The command's one or two words are the first positional arguments; flags of every command may stand before them.
 * Throws UsageError.
 */
export const findCommand = (argv: readonly string[], commands: readonly Command[]): Found => {
  const [first, second] = tokensOf(argv, globalFlags).flatMap((token) => (token.kind === 'positional' ? [token] : []))
  if (!first) return { command: undefined, rest: argv }
  const two = second?.index === first.index + 1 ? `${first.value} ${second.value}` : undefined
  const command = commands.find(({ name }) => name === two) ?? commands.find(({ name }) => name === first.value)
  if (!command) throw unknownCommand(first.value, second?.value, commands)
  const words = command.name === two ? 2 : 1
  return { command, rest: argv.toSpliced(first.index, words) }
}

const unknownCommand = (first: string, second: string | undefined, commands: readonly Command[]): UsageError => {
  const below = commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))
  if (below.length === 0) {
    const names = [...new Set(commands.map(({ name }) => name.split(' ')[0] as string))]
    return new UsageError(`there is no command "${first}"`, suggest(first, names))
  }
  return second === undefined
    ? new UsageError(`"weft ${first}" needs one word more`, below.map((word) => `weft ${first} ${word}`).join(', '))
    : new UsageError(`there is no command "${first} ${second}"`, suggest(second, below))
}

interface Given {
  readonly values: ReadonlyMap<string, readonly (string | undefined)[]>
  readonly positionals: readonly string[]
  readonly rest: readonly string[]
}

const splitArguments = (argv: readonly string[], flags: Flags, command: Command | undefined): Given => {
  const values = new Map<string, (string | undefined)[]>()
  const positionals: string[] = []
  const rest: string[] = []
  let terminated = false
  for (const token of tokensOf(argv, flags)) {
    if (token.kind === 'option-terminator') terminated = true
    else if (token.kind === 'positional') (terminated ? rest : positionals).push(token.value)
    else {
      checkOption(token, flags, command)
      const soFar = values.get(token.name) ?? []
      values.set(token.name, [...soFar, token.value])
    }
  }
  // Without a rest of its own, `--` only says that no flags follow.
  return command?.arguments.some((argument) => argument.rest)
    ? { values, positionals, rest }
    : { values, positionals: [...positionals, ...rest], rest: [] }
}

const checkOption = (token: OptionToken, flags: Flags, command: Command | undefined): void => {
  const { name, rawName, value, inlineValue } = token
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (!flag) {
    const known = Object.keys(flags).map((flagName) => `--${flagName}`)
    const what = command ? `"weft ${command.name}"` : 'weft'
    const inner = command?.arguments.some((argument) => argument.rest)
    const hint = inner ? `what belongs to the command in the node stands after --` : suggest(rawName, known)
    throw new UsageError(`${what} has no flag ${rawName}`, hint)
  }
  if (!flag.value) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
    return
  }
  // "--file --wait" is a value forgotten, not a file called --wait; a single - is stdin.
  if (value === undefined || (!inlineValue && value.startsWith('-') && value !== '-')) {
    throw new UsageError(`${rawName} needs a value`, `${rawName} ${flag.value}: ${flag.text}`)
  }
}

const readFlags = (
  flags: Flags,
  given: Given['values'],
  env: Environment,
  command: Command | undefined,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const typed = given.get(name)
      const variable = environmentName(name)
      const set = flag.typed || env[variable] === '' ? undefined : env[variable]
      if (!flag.value) return [name, typed !== undefined || isOn(variable, set)]
      const source = typed ? `--${name}` : variable
      const texts =
        (typed as readonly string[] | undefined) ?? (set === undefined ? [] : flag.repeated ? set.split(/\s+/) : [set])
      if (flag.repeated && (texts.length > 0 || !flag.required)) {
        return [name, texts.map((text) => readValue(flag, text, source))]
      }
      const text = texts.at(-1)
      if (text !== undefined) return [name, readValue(flag, text, source)]
      if (flag.default !== undefined) return [name, readValue(flag, flag.default, `--${name}`)]
      if (flag.required) {
        const short = flag.short ? `-${flag.short}` : `--${name}`
        throw new UsageError(`"weft ${command?.name}" needs ${short} ${flag.value}`, `${flag.text}; or set ${variable}`)
      }
      return [name, undefined]
    }),
  )

const readValue = (flag: Flag, text: string, source: string): unknown => {
  if (flag.choices && !flag.choices.includes(text)) {
    throw new UsageError(`${source} is one of ${flag.choices.join(', ')}, not "${text}"`)
  }
  if (!flag.parse) return text
  try {
    return flag.parse(text)
  } catch (cause) {
    throw new UsageError(`${source} is "${text}"`, `it takes ${(cause as Error).message}`)
  }
}

const isOn = (variable: string, text: string | undefined): boolean => {
  if (text === undefined) return false
  const word = text.toLowerCase()
  if (['1', 'true', 'yes', 'on'].includes(word)) return true
  if (['0', 'false', 'no', 'off'].includes(word)) return false
  throw new UsageError(`${variable} is "${text}"`, 'it takes 1 or 0')
}

const checkArguments = (command: Command, { args, rest }: Input): void => {
  const positional = command.arguments.filter((argument) => !argument.rest)
  const missing = positional.find((argument, i) => !argument.optional && i >= args.length)
  const usage = `weft help ${command.name}`
  if (missing) throw new UsageError(`"weft ${command.name}" needs ${missing.name}`, `${missing.text}; ${usage}`)
  if (args.length > positional.length) {
    const extra = args[positional.length]
    const after = command.arguments.some((argument) => argument.rest)
    const hint = after ? `a command for the node stands after --: weft ${command.name} ${args[0]} -- ${extra}` : usage
    throw new UsageError(`"weft ${command.name}" does not take "${extra}"`, hint)
  }
  const needsRest = command.arguments.find((argument) => argument.rest && !argument.optional)
  if (needsRest && rest.length === 0) {
    throw new UsageError(`"weft ${command.name}" needs -- ${needsRest.name}`, `${needsRest.text}; ${usage}`)
  }
}
