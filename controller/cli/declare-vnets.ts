/** The commands on VNets, in the order of the help. */
import { type Command, defineCommand } from './command.ts'
import { detailFlag, fileFlag, outputFlag, roleFlag, timeoutFlag } from './flags.ts'

const vnet = { name: 'VNET', text: 'name of a VNet' } as const

export const resourceNames = ['vnets', 'nodes', 'links', 'vifs', 'pools'] as const

export const applyFlags = {
  ...fileFlag,
  wait: { short: 'w', text: 'wait until everything asked for is there, showing how far it is' },
  'no-wait': { text: 'refuse what has no room now, instead of keeping it until there is' },
  discovery: {
    value: 'WHO',
    choices: ['pip', 'vnp'],
    text: 'who maps it onto hosts, where providers let the VNP; as the VNP was told without it',
  },
  ...timeoutFlag('10m', 'longest time for the outcome and for --wait'),
  ...outputFlag,
} as const

export const planFlags = { ...fileFlag, ...timeoutFlag('1m', 'longest time for the answer'), ...outputFlag } as const

export const getFlags = {
  ...outputFlag,
  watch: { short: 'w', text: 'go on with what changes, until Ctrl-C' },
  ...roleFlag,
} as const

export const describeFlags = {
  vnet: { value: 'VNET', text: 'the VNet that the node or link is of' },
  ...detailFlag,
  ...roleFlag,
} as const

export const explainFlags = { ...detailFlag, ...roleFlag } as const

export const deleteFlags = {
  yes: { short: 'y', text: 'do not ask' },
  wait: { short: 'w', text: 'wait until nothing of it is left' },
  ...timeoutFlag('10m', 'longest time for --wait'),
} as const

export const waitFlags = {
  for: { value: 'STATE', choices: ['ready', 'gone'], default: 'ready', text: 'what to wait for' },
  ...timeoutFlag('10m', 'longest time to wait'),
  ...roleFlag,
} as const

export const eventsFlags = {
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['table', 'json'],
    default: 'table',
    text: 'lines of text or of JSON',
  },
  ...roleFlag,
} as const

export const vnetCommands: readonly Command[] = [
  defineCommand({
    name: 'apply',
    group: 'VNets',
    summary: 'create or change a VNet as a file says',
    details: `
All or nothing: the outcome says where it was placed, or what it lacks; a refused change leaves the VNet as it was.
Applying the same file again changes nothing. What is not touched by a change goes on running.

Exit status: 0 accepted or unchanged (with --wait: ready), 1 refused, 3 postponed (kept, and built once it fits),
124 not ready within --timeout.`,
    flags: applyFlags,
    examples: [
      ['weft apply -f shop.xml --wait', 'build it, and show how far it is'],
      ["sed 's/10 Mbit/20 Mbit/' shop.xml | weft apply -f -", 'from stdin'],
    ],
    load: () => import('./commands/apply.ts'),
  }),
  defineCommand({
    name: 'plan',
    group: 'VNets',
    summary: 'show what apply would add, change, restart, recreate and delete',
    details: 'Exit status: 0 nothing would change, 1 error, 2 something would change.',
    flags: planFlags,
    examples: [['weft plan -f shop.xml', 'one line an object, with the reason']],
    load: () => import('./commands/plan.ts'),
  }),
  defineCommand({
    name: 'get',
    group: 'VNets',
    summary: 'list VNets, nodes, links, vifs or pools',
    details: `
-o json and -o yaml give the messages of the wire: a list, or one object where one VNet was asked for by name.
With --watch, JSON comes one object a line; each line of a table is what became of its object.
Pools are asked of the PIP: nodes that its hosts keep booted for requests with allocation preallocated.`,
    arguments: [
      {
        name: 'WHAT',
        text: 'vnets (also without it), nodes, links, vifs or pools',
        optional: true,
        choices: resourceNames,
      },
      { ...vnet, text: 'only of this VNet; of pools: only this one', optional: true },
    ],
    flags: getFlags,
    examples: [
      ['weft get', 'all VNets'],
      ['weft get nodes shop -o wide', 'the nodes of a VNet, every column'],
      ['weft get links shop -w', 'and what becomes of them'],
      ['weft get pools', 'what the provider keeps booted'],
    ],
    load: () => import('./commands/get.ts'),
  }),
  defineCommand({
    name: 'describe',
    group: 'VNets',
    summary: 'say all that is known of a VNet, a node or a link',
    details: `
Of a link, the VNO also has every host on its path asked: the tunnels, and what was carried and dropped in each direction.
A host that cannot be asked is an error beside the others.`,
    arguments: [
      { name: 'KIND', text: 'vnet, node or link', choices: ['vnet', 'node', 'link'] },
      { name: 'NAME', text: 'a VNet; a node or link as VNET/NAME, or NAME alone where only one VNet has it' },
    ],
    flags: describeFlags,
    examples: [
      ['weft describe vnet shop', 'phase, times, nodes, links, errors'],
      ['weft describe node shop/r1', 'one node'],
      ['weft describe link shop/r1-r2', 'hop by hop, with counters'],
    ],
    load: () => import('./commands/describe.ts'),
  }),
  defineCommand({
    name: 'explain',
    group: 'VNets',
    summary: 'say why a VNet is where it is, or is not',
    details: `
Of a VNet that stands: for each node what would be if it were on another host and all others stayed, and for each link what is
left on its way. Of one that waits: what it waits for, and where each of its nodes could be by itself.`,
    arguments: [vnet],
    flags: explainFlags,
    examples: [['weft explain shop', 'the reason for each node and host']],
    load: () => import('./commands/explain.ts'),
  }),
  defineCommand({
    name: 'delete',
    group: 'VNets',
    summary: 'remove a VNet with all that is in it',
    details: 'Asks first. Without a terminal to ask on it refuses, unless --yes is given.',
    arguments: [vnet],
    flags: deleteFlags,
    examples: [['weft delete shop --yes --wait', 'without a question, until nothing is left']],
    load: () => import('./commands/delete.ts'),
  }),
  defineCommand({
    name: 'wait',
    group: 'VNets',
    summary: 'wait until a VNet is ready or gone',
    details:
      'Exit status: 0 it is, 1 it never will be (there is no such VNet, it was refused), 124 not within --timeout.',
    arguments: [vnet],
    flags: waitFlags,
    examples: [['weft wait --for gone shop --timeout 30s', '']],
    load: () => import('./commands/wait.ts'),
  }),
  defineCommand({
    name: 'events',
    group: 'VNets',
    summary: 'show what stands, then what happens, until Ctrl-C',
    arguments: [{ ...vnet, text: 'only of this VNet', optional: true }],
    flags: eventsFlags,
    examples: [['weft events -o json | jq -c "select(.error)"', 'only what fails']],
    load: () => import('./commands/events.ts'),
  }),
]
