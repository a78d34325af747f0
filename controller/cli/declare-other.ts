import { type Command, defineCommand } from './command.ts'
import { outputFlag } from './flags.ts'

export const versionFlags = {
  output: { ...outputFlag.output, choices: ['table', 'json'], text: 'a line of text, or JSON' },
} as const

export const otherCommands: readonly Command[] = [
  defineCommand({
    name: 'version',
    group: 'Other',
    summary: 'say which version this is',
    flags: versionFlags,
    load: () => import('./commands/version.ts'),
  }),
  defineCommand({
    name: 'completion',
    group: 'Other',
    summary: 'print a completion script for a shell',
    arguments: [{ name: 'SHELL', text: 'bash', choices: ['bash'] }],
    examples: [['source <(weft completion bash)', 'in this shell; in ~/.bashrc for every one']],
    load: () => import('./commands/completion.ts'),
  }),
  defineCommand({
    name: 'help',
    group: 'Other',
    summary: 'say how weft, or one of its commands, is used',
    arguments: [
      { name: 'COMMAND', text: 'its first word', optional: true },
      { name: 'WORD', text: 'its second, where it has two', optional: true },
    ],
    examples: [['weft help lab up', '']],
    load: () => import('./commands/help.ts'),
  }),
]
