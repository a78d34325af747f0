/** A completion script for bash, from the declarations: commands, flags, the values they take, names of VNets. */
import type { Argument, Command, Flags } from './command.ts'
import { globalFlags } from './flags.ts'

/** What a word can be: of a fixed set, a file, a directory, the name of a VNet, or nothing to complete. */
type Words = readonly string[] | 'files' | 'directories' | 'vnets' | undefined

const wordsOfFlag = (value: string, choices: readonly string[] | undefined): Words => {
  if (choices) return choices
  if (value === 'FILE' || value === 'PATH') return 'files'
  if (value === 'DIR') return 'directories'
  return value === 'VNET' ? 'vnets' : undefined
}

const wordsOfArgument = ({ name, choices }: Argument): Words => choices ?? (name === 'VNET' ? 'vnets' : undefined)

const reply = (words: Words): string => {
  switch (words) {
    case 'files':
      return 'COMPREPLY=($(compgen -f -- "$word"))'
    case 'directories':
      return 'COMPREPLY=($(compgen -d -- "$word"))'
    case 'vnets':
      return 'COMPREPLY=($(compgen -W "$(weft get vnets -o name 2>/dev/null | sed s,^vnet/,,)" -- "$word"))'
    case undefined:
      return ':'
    default:
      return `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word"))`
  }
}

const flagNames = (flags: Flags): readonly string[] => Object.keys(flags).map((name) => `--${name}`)

/** One arm a flag that takes a value; arms of a command are tried before the shared ones. */
const valueArms = (flags: Flags, prefix: string): readonly string[] =>
  Object.entries(flags).flatMap(([name, { short, value, choices }]) => {
    if (!value) return []
    const patterns = [`--${name}`, ...(short ? [`-${short}`] : [])].map((flag) => `"${prefix}${flag}"`)
    return [`    ${patterns.join('|')}) ${reply(wordsOfFlag(value, choices))}; return ;;`]
  })

const commandArm = (command: Command): string => {
  const positional = command.arguments.filter(({ rest }) => !rest)
  const arms = positional.map((argument, i) => `      ${i}) ${reply(wordsOfArgument(argument))} ;;`)
  const flags = [...flagNames(command.flags), ...flagNames(globalFlags)]
  return `    '${command.name}')
      if [[ $word == -* ]]; then ${reply(flags)}; return; fi
      case $position in
${arms.join('\n')}${arms.length > 0 ? '\n' : ''}      esac ;;`
}

/** Flags with a value, of any command: the word after one is not an argument. */
const valueFlags = (commands: readonly Command[]): readonly string[] => {
  const all = [globalFlags as Flags, ...commands.map(({ flags }) => flags)].flatMap((flags) => Object.entries(flags))
  const names = all.flatMap(([name, { short, value }]) => (value ? [`--${name}`, ...(short ? [`-${short}`] : [])] : []))
  // A letter that takes a value in one command and is a switch in another: `get -w` and `wait` alike have it as a switch.
  const switches = new Set(all.flatMap(([name, { short, value }]) => (value ? [] : [`--${name}`, `-${short ?? ''}`])))
  return [...new Set(names)].filter((name) => !switches.has(name))
}

export const bashCompletion = (commands: readonly Command[]): string => {
  const first = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
  const pairs = commands.filter(({ name }) => name.includes(' '))
  const parents = [...new Set(pairs.map(({ name }) => name.split(' ')[0] ?? ''))]
  const secondArms = parents.map((parent) => {
    const words = pairs.flatMap(({ name }) => (name.startsWith(`${parent} `) ? [name.split(' ')[1] ?? ''] : []))
    return `    ${parent}) second='${words.join(' ')}' ;;`
  })
  return `# bash completion of weft: source <(weft completion bash)
_weft() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command= position=0 second= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
    ${valueFlags(commands).join('|')}) ((i++)) ;;
    --) return ;;
    -*) ;;
    *)
      if [[ -z $command ]]; then
        command=\${COMP_WORDS[i]}
        case $command in
${secondArms.join('\n')}
        esac
      elif [[ " $second " == *" \${COMP_WORDS[i]} "* && $command != *' '* ]]; then
        command+=" \${COMP_WORDS[i]}"
      else
        ((position++))
      fi ;;
    esac
  done
  case "$command $before" in
${commands.flatMap((command) => valueArms(command.flags, `${command.name} `)).join('\n')}
  esac
  case $before in
${valueArms(globalFlags, '').join('\n')}
  esac
  if [[ -z $command ]]; then
    if [[ $word == -* ]]; then ${reply(flagNames(globalFlags))}; else ${reply(first)}; fi
    return
  fi
  case $command in
${commands.map(commandArm).join('\n')}
  esac
  if [[ -n $second && $command != *' '* && $position == 0 && $word != -* ]]; then
    COMPREPLY+=($(compgen -W "$second" -- "$word"))
  fi
}
complete -F _weft weft
`
}
