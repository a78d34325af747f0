/** The commands on Click routers that stay: programs at interfaces of this machine, with no process and no VNet. */
import { type Command, defineCommand } from '../controller/cli/command.ts'
import { outputFlag } from '../controller/cli/flags.ts'
import { clickSourceFlags, fileArgument } from './declare-click.ts'

const bpffsFlag = {
  bpffs: { value: 'DIR', text: 'bpf file system that holds what is pinned; /sys/fs/bpf without it' },
} as const

export const clickUpFlags = {
  ...clickSourceFlags,
  name: { value: 'NAME', typed: true, text: 'of the router; that of FILE without its ending, or "router"' },
  namespace: {
    value: 'NAME',
    typed: true,
    text: 'network namespace: its name below /run/netns, or a path; the one that the command is run in without it',
  },
  ...bpffsFlag,
} as const

export const clickSwapFlags = { ...clickSourceFlags, ...bpffsFlag } as const
export const clickRouterFlags = bpffsFlag
export const clickListFlags = { ...outputFlag, ...bpffsFlag } as const

const nameArgument = { name: 'NAME', text: 'of the router' } as const
const handlerArgument = { name: 'HANDLER', text: 'ELEMENT.HANDLER, as in counter.count' } as const

export const clickRouterCommands: readonly Command[] = [
  defineCommand({
    name: 'click up',
    group: 'Click',
    summary: 'put a configuration to work at interfaces of this machine',
    details: `
Needs root. The programs stay when the command has ended, until "weft click down" or the machine is started anew; other commands find the router
by its name, wherever they are run. Interfaces are those of the network namespace that the command is run in ("ip netns exec"), or of --namespace.`,
    arguments: [fileArgument],
    flags: clickUpFlags,
    examples: [
      ['weft click up router.click', 'the router "router"'],
      ['ip netns exec blue weft click up -D IF=eth1 --name edge router.click', ''],
    ],
    load: () => import('./commands/click-up.ts'),
  }),
  defineCommand({
    name: 'click down',
    group: 'Click',
    summary: 'take a router away',
    arguments: [nameArgument],
    flags: clickRouterFlags,
    examples: [['weft click down router', '']],
    load: () => import('./commands/click-down.ts'),
  }),
  defineCommand({
    name: 'click swap',
    group: 'Click',
    summary: 'put another configuration in the place of a router, without losing a packet',
    details: `
What elements of the same name and class have counted and learnt goes on; what their configuration strings say counts anew where they differ.
If the new configuration is wrong, or cannot be loaded or attached, the old one goes on.`,
    arguments: [nameArgument, fileArgument],
    flags: clickSwapFlags,
    examples: [['weft click swap router router.click', '']],
    load: () => import('./commands/click-swap.ts'),
  }),
  defineCommand({
    name: 'click read',
    group: 'Click',
    summary: 'read a handler of a router, or list its elements and their handlers',
    arguments: [
      nameArgument,
      { ...handlerArgument, optional: true },
      { name: 'TEXT', text: 'what a handler is asked with that depends on it', optional: true },
    ],
    flags: clickRouterFlags,
    examples: [
      ['weft click read router', ''],
      ['weft click read router c.count', ''],
      ['weft click read router routes.lookup 10.0.0.1', ''],
    ],
    load: () => import('./commands/click-read.ts'),
  }),
  defineCommand({
    name: 'click write',
    group: 'Click',
    summary: 'write a handler of a router',
    arguments: [
      nameArgument,
      handlerArgument,
      { name: 'VALUE', text: 'what is written; stdin with -; nothing without it', optional: true },
    ],
    flags: clickRouterFlags,
    examples: [
      ['weft click write router c.reset', ''],
      ["weft click write router routes.add '10.1.0.0/16 1'", ''],
      ['weft click write router routes.ctrl - < changes', ''],
    ],
    load: () => import('./commands/click-write.ts'),
  }),
  defineCommand({
    name: 'click list',
    group: 'Click',
    summary: 'list the Click routers of this machine, and what is attached where',
    flags: clickListFlags,
    examples: [['weft click list -o json', '']],
    load: () => import('./commands/click-list.ts'),
  }),
]
