/** The commands on nodes and hosts. */
import { type Command, defineCommand } from './command.ts'
import { exit } from './exit.ts'
import { detailFlag, outputFlag, roleFlag, timeoutFlag } from './flags.ts'

export const execFlags = {
  vnet: { value: 'VNET', text: 'the VNet that the node is of' },
  ...timeoutFlag('30s', 'longest time for the command in the node'),
  ...roleFlag,
} as const

export const handlersFlags = {
  vnet: { value: 'VNET', text: 'the VNet that the node is of' },
  ...detailFlag,
} as const

export const hostsFlags = outputFlag

export const hostFlags = {
  host: { value: 'HOST', text: 'in a lab: the host to ask' },
  ...outputFlag,
} as const

export const hostGetFlags = { host: hostFlags.host, ...outputFlag } as const

export const hostDescribeFlags = { host: hostFlags.host } as const

export const hostExecFlags = { host: hostFlags.host, timeout: execFlags.timeout } as const

export const hostFenceFlags = {
  confirmed: { text: 'you know that it is off: no command is run', typed: true },
} as const

export const hostClickFlags = {
  host: hostFlags.host,
  handlers: { text: 'also what its handlers say: counters and what they count in' },
} as const

const argv = { name: 'COMMAND', text: 'what to run in the node, with its arguments', rest: true } as const

const execDetails = `
No shell is between: for a pipe, run one (-- sh -c 'COMMAND'). Input is not passed on; of each output at most 48 KiB comes back.

Exit status: that of the command; 125 where weft itself fails.`

export const hostCommands: readonly Command[] = [
  defineCommand({
    name: 'exec',
    group: 'Nodes',
    summary: 'run a command in a node (a container)',
    details: execDetails,
    arguments: [{ name: 'NODE', text: 'VNET/NODE, or NODE alone where only one VNet has it' }, argv],
    flags: execFlags,
    examples: [
      ['weft exec shop/r1 -- ping -c 3 10.1.0.2', ''],
      ["weft exec r1 -- sh -c 'ip route | wc -l'", ''],
    ],
    failureStatus: exit.execFailed,
    load: () => import('./commands/exec.ts'),
  }),
  defineCommand({
    name: 'handlers',
    group: 'Nodes',
    summary: "read and write handlers of your own Click at a node's interface",
    details: `
Elements are called as your Click calls them. Without HANDLER all that can be read is shown; with VALUE it is written.
A handler that takes a text is read as one word: 'routes.lookup 10.0.0.1'.`,
    arguments: [
      { name: 'INTERFACE', text: 'VNET/NODE.IF, or NODE.IF alone where only one VNet has the node' },
      { name: 'HANDLER', text: 'ELEMENT.HANDLER, for instance c.count', optional: true },
      { name: 'VALUE', text: 'what is written to it', optional: true },
    ],
    flags: handlersFlags,
    examples: [
      ['weft handlers shop/r1.0', 'all that can be read'],
      ['weft handlers shop/r1.0 c.count', 'one'],
      ['weft handlers shop/r1.0 way.switch 1', 'write one'],
    ],
    load: () => import('./commands/handlers.ts'),
  }),
  defineCommand({
    name: 'hosts',
    group: 'Hosts',
    summary: 'list the hosts of a provider: what they have, what is reserved, what is wrong',
    details: 'Asks the PIP.',
    arguments: [{ name: 'HOST', text: 'only this one', optional: true }],
    flags: hostsFlags,
    examples: [['weft hosts -o wide', '']],
    load: () => import('./commands/hosts.ts'),
  }),
  defineCommand({
    name: 'images',
    group: 'Hosts',
    summary: 'list what nodes can start from: the catalogue of a provider, what its hosts have of it, and their own',
    details: 'Asks the PIP.',
    arguments: [{ name: 'IMAGE', text: 'only this one', optional: true }],
    flags: hostsFlags,
    examples: [['weft images -o wide', '']],
    load: () => import('./commands/images.ts'),
  }),
  defineCommand({
    name: 'host',
    group: 'Hosts',
    summary: 'show the state of this host, also with the broker and the controller down',
    details: 'Asks the agent: status, inventory, usage and the parts of VNets that it holds.',
    flags: hostFlags,
    examples: [
      ['weft host', 'on the host'],
      ['weft host --host h1', 'a host of the lab that runs here'],
    ],
    load: () => import('./commands/host.ts'),
  }),
  defineCommand({
    name: 'host fence',
    group: 'Hosts',
    summary: 'take a host that is gone for dead, so that its nodes are made again elsewhere',
    details: `
Asks the PIP, which runs the command of its substrate file ("fencing") and makes nothing elsewhere before that has made certain that the host is off. A
host that is connected is refused. --confirmed says that you made certain yourself: where the host is not off after all, its nodes run twice.`,
    arguments: [{ name: 'HOST', text: 'as weft hosts lists it' }],
    flags: hostFenceFlags,
    examples: [
      ['weft host fence h2', 'runs the command'],
      ['weft host fence h2 --confirmed', 'its plug is pulled'],
    ],
    load: () => import('./commands/host-fence.ts'),
  }),
  defineCommand({
    name: 'host get',
    group: 'Hosts',
    summary: 'list the parts of VNets that this host holds',
    arguments: [{ name: 'VNET', text: 'only of this VNet', optional: true }],
    flags: hostGetFlags,
    examples: [['weft host get -o json', 'desired and reported state']],
    load: () => import('./commands/host-get.ts'),
  }),
  defineCommand({
    name: 'host describe',
    group: 'Hosts',
    summary: 'say all that this host knows of its part of a VNet',
    arguments: [{ name: 'VNET', text: 'as the host calls it, for instance alice.shop' }],
    flags: hostDescribeFlags,
    examples: [['weft host describe alice.shop', 'nodes, links, the interfaces that make them']],
    load: () => import('./commands/host-describe.ts'),
  }),
  defineCommand({
    name: 'host click',
    group: 'Hosts',
    summary: 'show the Click router of an interface of this host',
    details: `
The configuration that runs between the node's interface and its link. sent.count and sent.byte_count are what the node has sent, spoofed.count is what
of it was dropped because it came from another Ethernet address than the interface's own.`,
    arguments: [{ name: 'INTERFACE', text: 'VNET/NODE.IF, for instance alice.shop/r1.0' }],
    flags: hostClickFlags,
    examples: [['weft host click alice.shop/r1.0 --handlers', '']],
    load: () => import('./commands/host-click.ts'),
  }),
  defineCommand({
    name: 'host exec',
    group: 'Hosts',
    summary: 'run a command in a node (a container) of this host',
    details: execDetails,
    arguments: [{ name: 'NODE', text: 'VNET/NODE, for instance alice.shop/r1' }, argv],
    flags: hostExecFlags,
    examples: [['weft host exec alice.shop/r1 -- ip address', '']],
    failureStatus: exit.execFailed,
    load: () => import('./commands/host-exec.ts'),
  }),
]
