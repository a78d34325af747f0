/** What is known of a VNet, a node, a link, as text. */
import { fromWireError, type WireError } from '../../../proto/errors.ts'
import type { LinkView, Location, Node, VNetState } from '../../../proto/generated/weft.v1.ts'
import { formatCpu, formatDuration, formatSize } from '../../units.ts'
import { humanSeconds } from '../human.ts'
import { renderError } from '../render-error.ts'
import { type Cell, type Column, formatFields, formatTable } from '../table.ts'
import { paint } from '../terminal.ts'
import { impairmentsText, ownClickText, spoofingText } from './asked.ts'
import { recoveryColumns } from './deaths.ts'
import { hopColumns, hopErrors, hopRows } from './hops.ts'
import { endsOf, links, rateOf } from './links.ts'
import { lastEndText, nodes } from './nodes.ts'
import { endsText, placementText, priorityText, waitsText } from './terms.ts'
import { timingName } from './timings.ts'
import { phaseCell, stateCell } from './tones.ts'
import { errorsOf } from './unready.ts'
import { type VifRow, vifs } from './vifs.ts'

type Fields = readonly (readonly [name: string, value: Cell])[]

const heading = (text: string, colour: boolean): string => `\n${paint(`${text}:`, 'bold', colour)}\n`

/** A table below its heading; nothing without rows. The VNet's own column says nothing new here. */
export const section = <T>(
  title: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  colour: boolean,
): string =>
  rows.length === 0
    ? ''
    : heading(title, colour) +
      indent(
        formatTable(
          columns.filter((column) => column.title !== 'VNET'),
          rows,
          colour,
        ),
      )

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ')

export const errorSection = (errors: readonly unknown[], colour: boolean): string =>
  errors.length === 0 ? '' : heading('Errors', colour) + indent(renderError({ errors }, { colour, verbose: false }))

const shortColumns = <T>(columns: readonly Column<T>[]) => columns.filter(({ wide }) => !wide)

export const describeVNet = (state: VNetState, colour: boolean): string => {
  const fields: Fields = [
    ['VNet', state.vnet],
    ['Owner', state.owner],
    ['Phase', phaseCell(state.phase)],
    ['Generation', String(state.generation)],
    ['Prefix', state.request?.prefix ?? ''],
    ['Waits', waitsText(state)],
    ['Ends', endsText(state)],
    ['Priority', priorityText(state)],
    ['Placement', placementText(state)],
  ]
  const times: readonly Column<VNetState['timings'][number]>[] = [
    { title: 'PHASE', cell: ({ name }) => timingName(name, state.discovery) },
    { title: 'TOOK', cell: ({ seconds }) => humanSeconds(seconds) },
  ]
  return [
    formatFields(fields, colour),
    section('Times', times, state.timings, colour),
    section('Nodes', shortColumns(nodes.columns), nodes.rows(state), colour),
    section('Links', shortColumns(links.columns), links.rows(state), colour),
    section('Made again elsewhere', recoveryColumns, state.recoveries, colour),
    errorSection(errorsOf(state), colour),
  ].join('')
}

export const locationText = (location: Location | undefined): string => {
  if (!location) return ''
  const { name, latitude, longitude, withinKm } = location
  const place = latitude === undefined || longitude === undefined ? '' : `${latitude} ${longitude}`
  const near = withinKm > 0 ? `within ${withinKm} km` : ''
  return [name, place, near].filter((part) => part !== '').join(', ')
}

const cpuText = (asked: Node | undefined): string => {
  if (!asked) return ''
  const { count = 0, shares = 0, quotaMillis = 0, pins = '' } = asked.cpu ?? {}
  return [
    `${count || 1}`,
    ...(quotaMillis > 0 ? [`guaranteed ${formatCpu(quotaMillis)}`] : []),
    ...(shares > 0 ? [`shares ${shares}`] : []),
    ...(pins === '' ? [] : [`pinned to ${pins}`]),
  ].join(', ')
}

const sizeText = (bytes: number | undefined): string => (bytes ? formatSize(bytes) : '')

const oneError = (error: WireError | undefined, colour: boolean): string =>
  errorSection(error ? [fromWireError(error)] : [], colour)

const vifColumns: readonly Column<VifRow>[] = vifs.columns.filter(({ title }) => title !== 'NODE' && title !== 'HOST')

export const describeNode = (state: VNetState, id: string, colour: boolean): string => {
  const node = state.nodes.find((one) => one.id === id)
  if (!node) return ''
  const asked = state.request?.nodes.find((one) => one.id === id)
  const rows = vifs.rows({ ...state, nodes: [node] }) as readonly VifRow[]
  const fields: Fields = [
    ['Node', node.id],
    ['VNet', state.vnet],
    ['State', stateCell(node.state)],
    ['Provider', node.provider],
    ['Host', node.host],
    ['Hypervisor', node.hypervisor],
    ['Domain', node.domain],
    ['Image', asked?.image ?? ''],
    ['CPUs', cpuText(asked)],
    ['Memory', sizeText(asked?.memoryBytes)],
    ['Disk', sizeText(asked?.diskBytes)],
    ['Location', locationText(asked?.location)],
    ['Restart', asked?.restartPolicy ?? ''],
    ['Recovery', asked?.recovery ?? ''],
    ['Progress', node.progress],
    ['Restarts', node.restarts > 0 ? String(node.restarts) : ''],
    ['Last end', lastEndText(node)],
    ['Next try', node.nextTryUnixMs > 0 ? `at ${new Date(node.nextTryUnixMs).toISOString()}` : ''],
    ['Forwarding', asked?.forwarding === 'host' ? 'by the host' : ''],
    ['Anti-spoofing', spoofingText(asked)],
    ['Own Click', ownClickText(asked)],
    ['Start-up', asked?.startUp?.command.trim().split('\n')[0] ?? ''],
    ['Files', asked?.startUp?.files.map(({ path }) => path).join(' ') ?? ''],
  ]
  return [
    formatFields(fields, colour),
    section('Interfaces', vifColumns, rows, colour),
    oneError(node.error, colour),
  ].join('')
}

/** `view`: its hops; undefined where nobody could be asked for them. */
export const describeLink = (state: VNetState, id: string, view: LinkView | undefined, colour: boolean): string => {
  const link = state.links.find((one) => one.id === id)
  if (!link) return ''
  const asked = state.request?.links.find((one) => one.id === id)
  const ends = [asked?.a, asked?.b]
  const rows = (vifs.rows(state) as readonly VifRow[]).filter(({ node, vif }) =>
    ends.some((end) => end?.node === node && end.interface === vif.index),
  )
  const fields: Fields = [
    ['Link', link.id],
    ['VNet', state.vnet],
    ['State', stateCell(link.state)],
    ['Ends', endsOf(asked)],
    ['Rate', rateOf(asked)],
    ['Delay', asked?.delayMicroseconds ? `at most ${formatDuration(asked.delayMicroseconds)}` : ''],
    ['Impairments', impairmentsText(asked)],
    ['Asked for', asked?.down ? 'down' : ''],
    ['Technology', link.technology],
    ['MTU', link.mtu > 0 ? String(link.mtu) : ''],
    ['Path', link.path.join(' - ')],
  ]
  const columns = vifs.columns.filter(({ title }) => title !== 'LINK') as readonly Column<VifRow>[]
  const errors = [...(link.error ? [fromWireError(link.error)] : []), ...(view ? hopErrors(view) : [])]
  return [
    formatFields(fields, colour),
    section('Ends', columns, rows, colour),
    view ? section('Hops', hopColumns, hopRows(view), colour) : '',
    errorSection(errors, colour),
  ].join('')
}
