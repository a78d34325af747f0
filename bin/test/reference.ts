/** What docs/cli.md has to say of a command, from its declaration. */
import { type Command, environmentName, type Flags } from '../../controller/cli/command.ts'
import { usage } from '../../controller/cli/help.ts'

/** Rows of a table, as Markdown; '' without flags. */
export const flagTable = (flags: Flags): string => {
  const rows = Object.entries(flags).map(([name, { short, value, text, choices, ...flag }]) => {
    const typed = `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
    const notes = [
      text,
      ...(choices ? [choices.map((choice) => `\`${choice}\``).join(', ')] : []),
      ...(flag.default === undefined ? [] : [`default \`${flag.default}\``]),
      ...(flag.required ? ['required'] : []),
      ...(flag.repeated ? ['may be repeated'] : []),
    ]
    return `| \`${typed}\` | ${flag.typed ? '' : `\`${environmentName(name)}\``} | ${notes.join('; ')} |`
  })
  return rows.length === 0 ? '' : ['| flag | environment | |', '|---|---|---|', ...rows, ''].join('\n')
}

export const usageBlock = (command: Command): string => `    ${usage(command)}\n`
