/** Flags that many commands share. */
import type { Flags } from './command.ts'
import { durationMs } from './values.ts'

export const roles = ['vno', 'vnp', 'pip', 'agent'] as const

export type Role = (typeof roles)[number]

/** Where the sockets of the roles are, one ROLE.sock each. */
export const defaultRunDirectory = '/run/weft'

/** Of every command, before or after its name. */
export const globalFlags = {
  socket: { value: 'PATH', text: 'socket of the role to ask' },
  'run-dir': {
    value: 'DIR',
    text: `directory of the roles' sockets; ${defaultRunDirectory}, or that of a lab that runs here`,
  },
  lab: { value: 'NAME', text: 'ask the roles of this lab' },
  verbose: { short: 'v', text: 'say more, on stderr' },
  help: { short: 'h', text: 'help for the command', typed: true },
} as const satisfies Flags

/** Whom the client commands ask. */
export const roleFlag = {
  role: { value: 'ROLE', choices: ['vno', 'vnp', 'pip'], default: 'vno', text: 'the role to ask' },
} as const satisfies Flags

export const outputFlag = {
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['table', 'wide', 'json', 'yaml', 'name'],
    default: 'table',
    text: 'how the answer is printed',
  },
} as const satisfies Flags

/** Where an answer is one thing, not rows. */
export const detailFlag = {
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['table', 'json', 'yaml'],
    default: 'table',
    text: 'how the answer is printed',
  },
} as const satisfies Flags

export const fileFlag = {
  file: {
    short: 'f',
    value: 'FILE',
    required: true,
    text: 'the VNet, in YAML, XML, JSON or a form of others (docs/formats.md); - for stdin',
  },
} as const satisfies Flags

export const timeoutFlag = (value: string, text: string) =>
  ({ timeout: { value: 'DURATION', parse: durationMs, default: value, text } }) as const satisfies Flags
