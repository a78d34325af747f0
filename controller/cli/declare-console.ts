/** The commands that show a node's console. */
import { type Command, defineCommand } from './command.ts'

const readOnly = { 'read-only': { text: 'watch only; nothing that is typed is sent' } } as const

export const consoleFlags = {
  vnet: { value: 'VNET', text: 'the VNet that the node is of' },
  ...readOnly,
} as const

export const hostConsoleFlags = {
  host: { value: 'HOST', text: 'in a lab: the host to ask' },
  ...readOnly,
} as const

const details = `
The last output comes first, at most 64 KiB. Several may watch, one types; the next in line types when that one leaves. Every key goes to the node,
but Ctrl-] . leaves, and Ctrl-] twice sends one. Where the connection is lost, as when an agent is restarted, it is joined again, and nothing that is
kept is shown twice. A container has a shell there: press Enter.

Exit status: 0 left, 1 the console has ended.`

export const consoleCommands: readonly Command[] = [
  defineCommand({
    name: 'console',
    group: 'Nodes',
    summary: 'watch the console of a node, and type on it',
    details,
    arguments: [{ name: 'NODE', text: 'VNET/NODE, or NODE alone where only one VNet has it' }],
    flags: consoleFlags,
    examples: [
      ['weft console shop/r1', ''],
      ['weft console shop/r1 --read-only >r1.log', 'keep what it says'],
    ],
    load: () => import('./commands/console.ts'),
  }),
  defineCommand({
    name: 'host console',
    group: 'Hosts',
    summary: 'watch the console of a node of this host, and type on it',
    details,
    arguments: [{ name: 'NODE', text: 'VNET/NODE, for instance alice.shop/r1' }],
    flags: hostConsoleFlags,
    examples: [['weft host console alice.shop/r1', '']],
    load: () => import('./commands/host-console.ts'),
  }),
]
