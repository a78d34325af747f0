/**
 * The state of a VNet from what its hosts report. Pure. A report counts for what it answers: one of an older generation or
 * epoch says what there is, not that it is right.
 */
import { create } from '../../proto/codec.ts'
import type { WireError } from '../../proto/errors.ts'
import type {
  Link,
  LinkState,
  Node,
  NodeState,
  ObjectState,
  Phase,
  Reported,
  ReportedLink,
  ReportedNode,
} from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { AllocatedSegment, Allocation } from './allocate.ts'
import { hostsOf } from './compile.ts'

export interface MergeInput {
  readonly embedding: Embedding
  readonly allocation: Allocation
  /** Name of the PIP. */
  readonly provider: string
  /** The last report of each host; hosts that never reported are missing. */
  readonly reports: ReadonlyMap<string, Reported>
  /** Of the slices as they were last published. */
  readonly expectedGeneration: number
  readonly expectedEpoch: number
  /** True once the VNet is being removed: the phase is REMOVING, and GONE when every host reports so. */
  readonly removing?: boolean
  /** Hosts whose agent is not connected: what they last said may be old. */
  readonly away?: ReadonlySet<string>
  /** Hosts that are off, with what is to be told of what they carry: nothing that they last said holds. */
  readonly dead?: ReadonlyMap<string, WireError>
}

export interface Merged {
  readonly phase: Phase
  /** The first error there is. */
  readonly error?: WireError
  readonly nodes: readonly NodeState[]
  readonly links: readonly LinkState[]
}

/**
 * READY: every host reports READY for the expected generation and epoch, and none is away. DEGRADED: a host reports a failure
 * of what is expected, or is away. BUILDING: neither yet. REMOVING and GONE see MergeInput. Errors name their host.
 */
export const mergeReports = (input: MergeInput): Merged => {
  const hosts = hostsOf(input.embedding, input.allocation).map((host) => viewOf(input, host))
  const { request, segments } = input.allocation
  const views = new Map(hosts.map((view) => [view.host, view]))
  const byLink = Map.groupBy(segments, ({ link }) => link)
  const nodes = request.nodes.map((node) => nodeState(input, node, views))
  const links = request.links.map((link) => linkState(input, link, views, byLink.get(link.id) ?? []))
  const error = [...hosts, ...nodes, ...links].find((one) => one.error)?.error
  return { phase: phaseOf(input, hosts), ...(error && { error }), nodes, links }
}

interface HostView {
  readonly host: string
  readonly report: Reported | undefined
  readonly nodes: ReadonlyMap<string, ReportedNode>
  readonly links: ReadonlyMap<string, ReportedLink>
  /** Whether the report answers what was last published. */
  readonly isCurrent: boolean
  /** Of the host as a whole: that it is away, or refused its slice. */
  readonly error: WireError | undefined
}

const viewOf = ({ reports, expectedGeneration, expectedEpoch, away, dead }: MergeInput, host: string): HostView => {
  const death = dead?.get(host)
  const report = death ? undefined : reports.get(host)
  const isCurrent = report?.generation === expectedGeneration && report.epoch === expectedEpoch
  const unreachable: WireError = {
    code: 'call.unreachable',
    message: `host ${host} is not connected: what it carries may run, but cannot be seen`,
    object: `host/${host}`,
    where: '',
    hint: '',
  }
  return {
    host,
    report,
    nodes: new Map((report?.nodes ?? []).map((node) => [node.id, node])),
    links: new Map((report?.links ?? []).map((link) => [link.id, link])),
    isCurrent,
    error: death ?? (away?.has(host) ? unreachable : isCurrent ? at(host, report.error) : undefined),
  }
}

/** An error of a host, as it is told to those who see no hosts otherwise. */
const at = (host: string, error: WireError | undefined): WireError | undefined =>
  error && { ...error, message: `host ${host}: ${error.message}` }

const phaseOf = ({ removing }: MergeInput, hosts: readonly HostView[]): Phase => {
  const all = (phase: Phase): boolean => hosts.every(({ report, isCurrent }) => isCurrent && report?.phase === phase)
  if (removing) return all('PHASE_GONE') ? 'PHASE_GONE' : 'PHASE_REMOVING'
  const failed = ({ report, isCurrent, error }: HostView): boolean =>
    error !== undefined || (isCurrent && (report?.phase === 'PHASE_DEGRADED' || report?.phase === 'PHASE_REJECTED'))
  if (hosts.some(failed)) return 'PHASE_DEGRADED'
  return all('PHASE_READY') ? 'PHASE_READY' : 'PHASE_BUILDING'
}

interface Part {
  readonly state: ObjectState
  readonly error: WireError | undefined
}

/** What a host says of one object; what it said before it was told anew is only that there is something. */
const partOf = (
  { removing }: MergeInput,
  view: HostView,
  object: Pick<ReportedNode | ReportedLink, 'state' | 'error'> | undefined,
): Part => {
  const own = view.isCurrent ? at(view.host, object?.error) : undefined
  const error = own ?? view.error
  if (removing) return { state: own ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_REMOVING', error }
  if (object) return { state: view.isCurrent ? object.state : 'OBJECT_STATE_BUILDING', error }
  const isRefused = view.isCurrent && view.report?.error !== undefined
  return { state: isRefused ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_PENDING', error }
}

/** From the worst to the best: what is told of an object that several hosts have a part in. */
const order: readonly ObjectState[] = [
  'OBJECT_STATE_FAILED',
  'OBJECT_STATE_REMOVING',
  'OBJECT_STATE_UNSPECIFIED',
  'OBJECT_STATE_PENDING',
  'OBJECT_STATE_BUILDING',
  'OBJECT_STATE_READY',
]

const worst = (parts: readonly Part[]): Part => ({
  state: order.find((state) => parts.some((part) => part.state === state)) ?? 'OBJECT_STATE_PENDING',
  error: (parts.find((part) => part.error && part.state === 'OBJECT_STATE_FAILED') ?? parts.find((part) => part.error))
    ?.error,
})

const nodeState = (input: MergeInput, node: Node, views: ReadonlyMap<string, HostView>): NodeState => {
  const host = input.embedding.hosts.get(node.id) ?? ''
  const view = views.get(host) as HostView
  const reported = view.nodes.get(node.id)
  // An agent reports a vif on a physical interface as a link NODE.INDEX@NIC of its own; to the operator it is the node's.
  const nics = node.interfaces.flatMap(({ index }) => {
    const nic = input.embedding.nics.get(`${node.id}.${index}`)
    return nic === undefined || !reported ? [] : [view.links.get(`${node.id}.${index}@${nic}`)]
  })
  return create('NodeState', {
    id: node.id,
    provider: input.provider,
    host,
    hypervisor: input.embedding.hypervisors.get(node.id) ?? reported?.hypervisor ?? '',
    domain: reported?.domain ?? '',
    vifs: reported?.vifs ?? [],
    progress: reported?.progress ?? '',
    restarts: reported?.restarts ?? 0,
    lastEnd: reported?.lastEnd,
    nextTryUnixMs: reported?.nextTryUnixMs ?? 0,
    ...worst([reported, ...nics].map((object) => partOf(input, view, object))),
  })
}

const linkState = (
  input: MergeInput,
  { id }: Link,
  views: ReadonlyMap<string, HostView>,
  segments: readonly AllocatedSegment[],
): LinkState => {
  const path = input.embedding.paths.get(id)?.nodes ?? []
  const hosts = new Set([...path.slice(0, 1), ...segments.flatMap(({ from, to }) => [from, to])])
  const parts = [...hosts].map((host) => {
    const view = views.get(host) as HostView
    const reported = view.links.get(id)
    return { mtu: reported?.mtu ?? 0, ...partOf(input, view, reported) }
  })
  const mtus = parts.flatMap(({ mtu }) => (mtu > 0 ? [mtu] : []))
  return create('LinkState', {
    id,
    // A link within a host has no tunnel.
    technology: segments[0]?.technology ?? '',
    mtu: mtus.length === 0 ? 0 : Math.min(...mtus),
    path,
    ...worst(parts),
  })
}
