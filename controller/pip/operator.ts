/** What the PIP's own operator sees: hosts, what they have, what is reserved of it, and what is wrong. */
import type { Init } from '../../proto/codec.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { ApiReply, HostEntry } from '../../proto/generated/weft.v1.ts'
import { checkSubstrate } from '../substrate/check.ts'
import type { DeclaredSubstrate } from '../substrate/substrate.ts'
import { type Admission, usageBeside } from './admit.ts'
import type { Book } from './book.ts'
import type { HostView } from './hosts.ts'
import { pooledAt } from './pool/list.ts'
import { shapeOfPool } from './pool/names.ts'

/** "host/h1" and "link/l1" to the hosts that they concern. */
const hostsOfObject = (substrate: DeclaredSubstrate, object: string): readonly string[] => {
  const [kind, id] = object.split('/')
  if (kind !== 'link') return id === undefined ? [] : [id]
  const link = substrate.links.find((one) => one.id === id)
  return [link?.a?.node, link?.b?.node].filter((node) => node !== undefined)
}

/** VNets of an earlier controller's that this one does not know: nothing is deleted because a store was lost. */
const strangers = (view: HostView, book: Book): readonly WeftError[] =>
  [...view.reports.values()]
    .filter(
      ({ vnet, epoch, phase }) =>
        epoch > 0 && phase !== 'PHASE_GONE' && !book.vnets.has(vnet) && shapeOfPool(vnet) === undefined,
    )
    .map(
      ({ vnet }) =>
        new WeftError('vnet.unknown', `${view.name} holds ${vnet}, which is not in this PIP's store`, {
          object: `vnet/${vnet}`,
          hint: 'delete it on the host, or start the PIP with the store that has it',
        }),
    )

const undeclared = (view: HostView, substrate: DeclaredSubstrate): readonly WeftError[] =>
  substrate.nodes.some(({ id, kind }) => kind === 'host' && id === view.name)
    ? []
    : [
        new WeftError('substrate.mismatch', `${view.name} is not declared in the substrate`, {
          object: `host/${view.name}`,
          hint: 'declare it; until then nothing is mapped onto it',
        }),
      ]

const absentView = (name: string): HostView => ({
  name,
  status: undefined,
  inventory: undefined,
  usage: undefined,
  reports: new Map(),
})

/** @param deathOf what is to be said of a host that is gone */
export const listHosts = (admission: Admission, deathOf: (host: string) => Init<HostEntry>): Init<ApiReply> => {
  const { substrate, hosts, book } = admission
  const declared = new Map(substrate.nodes.filter(({ kind }) => kind === 'host').map((node) => [node.id, node]))
  const mismatches = checkSubstrate(substrate, hosts.inventories())
  const usage = usageBeside(admission, '')
  const pooled = pooledAt(admission)
  const entryOf = (name: string): Init<HostEntry> => {
    const view = hosts.views.get(name) ?? absentView(name)
    const { problems: more = [], ...death } = deathOf(name)
    const problems: readonly WeftError[] = [
      ...mismatches.filter(({ object }) => hostsOfObject(substrate, object).includes(name)),
      ...undeclared(view, substrate),
      ...strangers(view, book),
    ]
    return {
      name,
      status: view.status,
      inventory: view.inventory,
      usage: view.usage,
      reservedCpuMillis: usage.cpuMillis.get(name) ?? 0,
      reservedMemoryBytes: usage.memoryBytes.get(name) ?? 0,
      ...pooled(name),
      problems: [...more, ...problems.map(toWireError)],
      location: declared.get(name)?.location,
      ...death,
    }
  }
  const names = [...new Set([...declared.keys(), ...hosts.views.keys()])].sort()
  return { hosts: { hosts: names.map(entryOf), images: substrate.images } }
}
