/** What the hosts of a lab are, as `weft lab up --kind` says it. */
import { suggest } from '../controller/description/nearest.ts'
import { WeftError } from '../proto/errors.ts'
import { kernelMemoryBytes, xenMemoryBytes } from './emulated/memory.ts'

/** A virtual host shares the machine's kernel; the others are machines of their own, emulated, with Debian's kernel or with Xen. */
export const hostKindNames = ['virtual', 'kernel', 'xen'] as const
export type HostKind = (typeof hostKindNames)[number]

export interface HostKinds {
  /** Of hosts that are not named. */
  readonly others: HostKind
  readonly named: ReadonlyMap<string, HostKind>
}

export const virtualHosts: HostKinds = { others: 'virtual', named: new Map() }

export const kindOf = ({ others, named }: HostKinds, host: string): HostKind => named.get(host) ?? others

const isKind = (name: string): name is HostKind => (hostKindNames as readonly string[]).includes(name)

const right = `${hostKindNames.join(', ')}, or HOST=KIND, several with commas between them`

/** "xen", or "east=xen,west=kernel", or "kernel,east=virtual". Throws an Error that says what would be right. */
export const parseKinds = (text: string): HostKinds => {
  const named = new Map<string, HostKind>()
  let others: HostKind | undefined
  for (const word of text.split(',')) {
    const [first = '', kind, ...rest] = word.trim().split('=')
    const name = kind ?? first
    if (!isKind(name) || rest.length > 0 || (kind !== undefined && (first === '' || named.has(first))))
      throw new Error(right)
    if (kind !== undefined) named.set(first, name)
    else if (others === undefined) others = name
    else throw new Error(right)
  }
  return { others: others ?? 'virtual', named }
}

/** What parseKinds reads. */
export const formatKinds = ({ others, named }: HostKinds): string =>
  [others, ...[...named].map(([host, kind]) => `${host}=${kind}`)].join(',')

/** Throws lab.unknown for a name that is no host's. */
export const checkKinds = ({ named }: HostKinds, hosts: readonly string[]): void => {
  const unknown = [...named.keys()].find((name) => !hosts.includes(name))
  if (unknown === undefined) return
  throw new WeftError('lab.unknown', `a kind is told of ${unknown}, which is no host of the lab`, {
    object: `host/${unknown}`,
    hint: suggest(unknown, hosts),
  })
}

/** How many times as long as virtual hosts these may take: software emulation is that much slower, and more. */
export const patience = ({ others, named }: HostKinds): number =>
  [others, ...named.values()].every((kind) => kind === 'virtual') ? 1 : 5

/** What an emulated host has for nodes; undefined: a virtual host shares the machine's memory. Xen has an eighth for itself and for what each guest costs beside its memory. */
export const guestMemoryBytes: Readonly<Record<HostKind, number | undefined>> = {
  virtual: undefined,
  kernel: kernelMemoryBytes / 2,
  xen: (xenMemoryBytes * 3) / 8,
}
