/** The commands that compile Click configurations: to look at, and to run on captured packets. */
import { type Command, defineCommand } from '../controller/cli/command.ts'
import { clickSourceFlags, fileArgument } from './declare-click.ts'

export const clickCompileFlags = {
  ...clickSourceFlags,
  dump: { text: 'prints the programs, each instruction below the element that it is of' },
} as const

export const clickRunFlags = {
  ...clickSourceFlags,
  in: { value: 'DEV=FILE', repeated: true, typed: true, text: 'packets that arrive at FromDevice(DEV), a pcap file' },
  out: {
    value: 'DIR',
    required: true,
    typed: true,
    text: 'where a pcap file of each ToDevice, and host.pcap, are written',
  },
  handlers: { value: 'LIST', typed: true, text: 'handlers to read at the end: a.count,b.table' },
} as const

export const clickRunCommands: readonly Command[] = [
  defineCommand({
    name: 'click compile',
    group: 'Click',
    summary: 'compile a configuration to eBPF, without loading it',
    arguments: [fileArgument],
    flags: clickCompileFlags,
    examples: [['weft click compile router.click --dump', 'the program of each FromDevice']],
    load: () => import('./commands/click-compile.ts'),
  }),
  defineCommand({
    name: 'click run',
    group: 'Click',
    summary: 'run a configuration on captured packets, in the kernel',
    details: `
Needs root. The programs are those of production, on interfaces of a private network namespace. Packets go in one at a time, in order of their
timestamps over all inputs, each followed to its end before the next; what leaves has the timestamp of the packet that caused it. The values of
the handlers are printed as one JSON object of strings.`,
    arguments: [fileArgument],
    flags: clickRunFlags,
    examples: [['weft click run router.click --in eth0=in.pcap --out result --handlers c.count', '']],
    load: () => import('./commands/click-run.ts'),
  }),
]
