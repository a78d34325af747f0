/** A host's part of a VNet, as its agent tells it. */
import { toJson } from '../../../proto/codec.ts'
import { fromWireError } from '../../../proto/errors.ts'
import type { ReportedLink, ReportedNode, SliceView } from '../../../proto/generated/weft.v1.ts'
import { nameOf } from '../ask-agent.ts'
import { humanSeconds } from '../human.ts'
import { type Column, formatFields } from '../table.ts'
import { errorSection, section } from './describe.ts'
import { phaseCell, readyOf, stateCell } from './tones.ts'

const phaseOf = ({ reported }: SliceView) => phaseCell(reported?.phase ?? 'PHASE_UNSPECIFIED')

export const slices = {
  name: (slice: SliceView) => `slice/${nameOf(slice)}`,
  columns: [
    { title: 'VNET', cell: nameOf },
    { title: 'PHASE', cell: phaseOf },
    { title: 'GENERATION', cell: ({ desired }) => String(desired?.generation ?? '') },
    { title: 'NODES', cell: ({ reported }) => readyOf(reported?.nodes ?? []) },
    { title: 'LINKS', cell: ({ reported }) => readyOf(reported?.links ?? []) },
    { title: 'OWNER', cell: ({ desired }) => desired?.owner ?? '' },
    { title: 'EPOCH', wide: true, cell: ({ desired }) => String(desired?.epoch ?? '') },
    { title: 'WANTED', wide: true, cell: ({ desired }) => (desired?.absent ? 'absent' : 'present') },
    {
      title: 'ERROR',
      wide: true,
      cell: ({ reported }) => (reported?.error ? `${reported.error.message} [${reported.error.code}]` : ''),
    },
  ] satisfies readonly Column<SliceView>[],
  json: (slice: SliceView) => toJson('SliceView', slice),
}

const nodeColumns: readonly Column<ReportedNode>[] = [
  { title: 'NODE', cell: ({ id }) => id },
  { title: 'STATE', cell: ({ state }) => stateCell(state) },
  { title: 'HYPERVISOR', cell: ({ hypervisor }) => hypervisor },
  { title: 'DOMAIN', cell: ({ domain }) => domain },
  { title: 'VIFS', cell: ({ vifs }) => vifs.map(({ name }) => name).join(',') },
  { title: 'ADDRESSES', cell: ({ vifs }) => vifs.flatMap(({ addresses }) => addresses).join(',') },
]

const linkColumns: readonly Column<ReportedLink>[] = [
  { title: 'LINK', cell: ({ id }) => id },
  { title: 'STATE', cell: ({ state }) => stateCell(state) },
  { title: 'MTU', cell: ({ mtu }) => (mtu > 0 ? String(mtu) : '') },
  { title: 'INTERFACES', cell: ({ interfaces }) => interfaces.join(',') },
]

const timeColumns: readonly Column<{ readonly name: string; readonly seconds: number }>[] = [
  { title: 'PHASE', cell: ({ name }) => name },
  { title: 'TOOK', cell: ({ seconds }) => humanSeconds(seconds) },
]

export const describeSlice = (slice: SliceView, colour: boolean): string => {
  const { desired, reported } = slice
  const objects = [
    ...(reported?.nodes ?? []).map((node) => ({ kind: 'node', ...node })),
    ...(reported?.links ?? []).map((link) => ({ kind: 'link', ...link })),
  ]
  const errors = [
    ...(reported?.error ? [fromWireError(reported.error)] : []),
    ...objects.flatMap(({ kind, id, error }) =>
      error ? [fromWireError({ ...error, object: error.object || `${kind}/${id}` })] : [],
    ),
  ]
  return [
    formatFields(
      [
        ['VNet', nameOf(slice)],
        ['Owner', desired?.owner ?? ''],
        ['Phase', phaseOf(slice)],
        ['Wanted', desired?.absent ? 'absent' : 'present'],
        ['Generation', `${desired?.generation ?? '?'} wanted, ${reported?.generation ?? '?'} reported`],
        ['Epoch', String(desired?.epoch ?? '')],
      ],
      colour,
    ),
    section('Times', timeColumns, reported?.timings ?? [], colour),
    section('Nodes', nodeColumns, reported?.nodes ?? [], colour),
    section('Links', linkColumns, reported?.links ?? [], colour),
    errorSection(errors, colour),
  ].join('')
}
