import { toJson } from '../../../proto/codec.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import type { Resource } from './resource.ts'
import { endsText, priorityText, waitsText } from './terms.ts'
import { phaseCell, readyOf } from './tones.ts'

/** Hosts that nodes are on, sorted. */
export const hostsOf = (state: VNetState): readonly string[] =>
  [...new Set(state.nodes.map(({ host }) => host).filter((host) => host !== ''))].sort()

export const vnets: Resource<VNetState> = {
  name: ({ vnet }) => `vnet/${vnet}`,
  rows: (state) => [state],
  columns: [
    { title: 'NAME', cell: ({ vnet }) => vnet },
    { title: 'PHASE', cell: ({ phase }) => phaseCell(phase) },
    { title: 'GENERATION', cell: ({ generation }) => String(generation) },
    { title: 'NODES', cell: ({ nodes }) => readyOf(nodes) },
    { title: 'LINKS', cell: ({ links }) => readyOf(links) },
    { title: 'OWNER', wide: true, cell: ({ owner }) => owner },
    { title: 'PREFIX', wide: true, cell: ({ request }) => request?.prefix ?? '' },
    { title: 'HOSTS', wide: true, cell: (state) => hostsOf(state).join(',') },
    { title: 'ENDS', wide: true, cell: endsText },
    { title: 'PRIORITY', wide: true, cell: priorityText },
    { title: 'WAITS', wide: true, cell: waitsText },
    { title: 'ERROR', wide: true, cell: ({ error }) => (error ? `${error.message} [${error.code}]` : '') },
  ],
  json: (state) => toJson('VNetState', state) as Record<string, unknown>,
}
