/** The commands on labs: virtual hosts on this machine, with agents, a broker and the roles. */
import { type Command, defineCommand } from '../controller/cli/command.ts'
import { exit } from '../controller/cli/exit.ts'
import { outputFlag, timeoutFlag } from '../controller/cli/flags.ts'
import { wholeNumber } from '../controller/cli/values.ts'
import { parseKinds } from '../lab/kinds.ts'

export const defaultLab = 'lab'

export const labUpFlags = {
  // The most that lab/substrates generates.
  hosts: { value: 'NUMBER', parse: wholeNumber(1, 200), text: 'virtual hosts of a generated substrate; 3 without it' },
  substrate: { value: 'FILE', text: 'declared substrate, YAML, in place of a generated one' },
  kind: {
    value: 'KIND',
    parse: parseKinds,
    text: 'virtual, kernel or xen, of all hosts or of HOST=KIND,…; emulated ones take a minute to boot',
  },
  drivers: {
    value: 'DRIVERS',
    choices: ['lxc', 'lxc,qemu'],
    default: 'lxc',
    text: 'what libvirt starts on virtual hosts: containers, or virtual machines too',
  },
  broker: { value: 'URL', text: 'a broker of your own, mqtt://HOST:PORT or unix:PATH; without it one is embedded' },
  parts: {
    value: 'PARTS',
    choices: ['all', 'agents', 'hosts'],
    default: 'all',
    text: 'what is started: all, no roles of the controller, or bare hosts',
  },
  foreground: { text: 'stay until Ctrl-C, which ends the lab' },
  ...timeoutFlag('2m', 'longest time for everything to be ready, five times as long with emulated hosts'),
} as const

export const labListFlags = outputFlag

export const labCommands: readonly Command[] = [
  defineCommand({
    name: 'lab up',
    group: 'Lab',
    summary: 'start virtual hosts on this machine, with agents, a broker, a PIP, a VNP and a VNO',
    details: `
Needs root. A virtual host shares this machine's kernel; a kernel host is a machine of its own with Debian's kernel, a Xen host one with Xen
and its Dom0, both emulated by QEMU: the first of each downloads Debian's packages. The lab goes on until "weft lab down"; other commands find it by themselves where it is the only one.
Labs are kept in /var/lib/weft-lab; WEFT_LAB_DIR moves that.`,
    arguments: [{ name: 'NAME', text: `of the lab; ${defaultLab} without it`, optional: true }],
    flags: labUpFlags,
    examples: [
      ['weft lab up', 'three hosts, then: weft hosts'],
      ['weft lab up big --hosts 9 --broker mqtt://127.0.0.1:1883', 'nine, with a broker that runs already'],
      ['weft lab up --kind east=xen', 'two virtual hosts and one with Xen'],
      ['weft lab up --substrate examples/substrate.yaml --foreground', 'as a file declares, until Ctrl-C'],
    ],
    load: () => import('./commands/lab-up.ts'),
  }),
  defineCommand({
    name: 'lab down',
    group: 'Lab',
    summary: 'end a lab with all that is in it, also one that crashed',
    arguments: [{ name: 'NAME', text: 'of the lab; the only one without it', optional: true }],
    examples: [['weft lab down', '']],
    load: () => import('./commands/lab-down.ts'),
  }),
  defineCommand({
    name: 'lab list',
    group: 'Lab',
    summary: 'list labs that run here or crashed',
    flags: labListFlags,
    examples: [['weft lab list -o json', '']],
    load: () => import('./commands/lab-list.ts'),
  }),
  defineCommand({
    name: 'lab exec',
    group: 'Lab',
    summary: 'run a command in a virtual host',
    details: `
The command has this terminal and the host's namespaces: ip link, virsh -c lxc:/// list, a shell. For nodes there is "weft exec".

Exit status: that of the command; 125 where weft itself fails.`,
    arguments: [
      { name: 'HOST', text: 'of the lab that runs here, or that --lab names; switches and fabrics too' },
      { name: 'COMMAND', text: 'what to run in it, with its arguments', rest: true },
    ],
    examples: [['weft lab exec west -- ip -brief link', '']],
    failureStatus: exit.execFailed,
    load: () => import('./commands/lab-exec.ts'),
  }),
]
