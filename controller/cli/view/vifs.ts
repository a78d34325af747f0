import { toJson } from '../../../proto/codec.ts'
import type { VifState } from '../../../proto/generated/weft.v1.ts'
import type { Resource } from './resource.ts'

export interface VifRow {
  readonly vnet: string
  readonly node: string
  readonly host: string
  readonly vif: VifState
  /** Link that it is an end of; empty where it is none or the state came without the request. */
  readonly link: string
}

export const vifs: Resource<VifRow> = {
  name: ({ vnet, node, vif }) => `vif/${vnet}/${node}.${vif.index}`,
  rows: ({ vnet, nodes, request }) =>
    nodes.flatMap(({ id, host, vifs }) =>
      vifs.map((vif) => {
        const link = request?.links.find(({ a, b }) =>
          [a, b].some((end) => end?.node === id && end.interface === vif.index),
        )
        return { vnet, node: id, host, vif, link: link?.id ?? '' }
      }),
    ),
  columns: [
    { title: 'VNET', cell: ({ vnet }) => vnet },
    { title: 'NODE', cell: ({ node }) => node },
    { title: 'INTERFACE', cell: ({ vif }) => `eth${vif.index}` },
    { title: 'VIF', cell: ({ vif }) => vif.name },
    { title: 'HOST', cell: ({ host }) => host },
    { title: 'ADDRESSES', cell: ({ vif }) => vif.addresses.join(',') },
    { title: 'LINK', cell: ({ link }) => link },
    { title: 'MAC', wide: true, cell: ({ vif }) => vif.mac },
  ],
  json: ({ vnet, node, host, vif }) => ({ vnet, node, host, ...(toJson('VifState', vif) as object) }),
}
