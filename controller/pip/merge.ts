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
} from '../../proto/generated/weft.v1.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Allocation } from './allocate.ts'
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
  const { request } = input.allocation
  const nodes = request.nodes.map((node) => nodeState(input, node, hosts))
  const links = request.links.map((link) => linkState(input, link, hosts))
  const error = [...hosts, ...nodes, ...links].find((one) => one.error)?.error
  return { phase: phaseOf(input, hosts), ...(error && { error }), nodes, links }
}

interface HostView {
  readonly host: string
  readonly report: Reported | undefined
  /** Whether the report answers what was last published. */
  readonly isCurrent: boolean
  /** Of the host as a whole: that it is away, or refused its slice. */
  readonly error: WireError | undefined
}

const viewOf = ({ reports, expectedGeneration, expectedEpoch, away }: MergeInput, host: string): HostView => {
  const report = reports.get(host)
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
    isCurrent,
    error: away?.has(host) ? unreachable : isCurrent ? at(host, report.error) : undefined,
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
  input: MergeInput,
  view: HostView,
  object: { state: ObjectState; error?: WireError } | undefined,
): Part => {
  if (input.removing) {
    const error = view.isCurrent ? at(view.host, object?.error) : undefined
    return { state: error ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_REMOVING', error: error ?? view.error }
  }
  if (!object)
    return { state: view.error && view.isCurrent ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_PENDING', error: view.error }
  if (view.isCurrent) return { state: object.state, error: at(view.host, object.error) ?? view.error }
  return { state: 'OBJECT_STATE_BUILDING', error: view.error }
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

const nodeState = (input: MergeInput, node: Node, hosts: readonly HostView[]): NodeState => {
  const host = input.embedding.hosts.get(node.id) ?? ''
  const view = hosts.find((one) => one.host === host) as HostView
  const reported = view.report?.nodes.find(({ id }) => id === node.id)
  // An agent reports a vif on a physical interface as a link NODE.INDEX@NIC of its own; to the operator it is the node's.
  const nics = (view.report?.links ?? []).filter(({ id }) => id.includes('@') && id.startsWith(`${node.id}.`))
  const parts = [reported, ...(reported ? nics : [])].map((object) => partOf(input, view, object))
  return create('NodeState', {
    id: node.id,
    provider: input.provider,
    host,
    hypervisor: input.embedding.hypervisors.get(node.id) ?? reported?.hypervisor ?? '',
    domain: reported?.domain ?? '',
    vifs: reported?.vifs ?? [],
    ...worst(parts),
  })
}

const linkState = (input: MergeInput, link: Link, hosts: readonly HostView[]): LinkState => {
  const path = input.embedding.paths.get(link.id)
  const segments = input.allocation.segments.filter((segment) => segment.link === link.id)
  const on = new Set([path?.nodes[0] ?? '', ...segments.flatMap(({ from, to }) => [from, to])])
  const views = hosts.filter(({ host }) => on.has(host))
  const reported = (view: HostView): ReportedLink | undefined => view.report?.links.find(({ id }) => id === link.id)
  const mtus = views.flatMap((view) => reported(view)?.mtu || [])
  return create('LinkState', {
    id: link.id,
    // A link within a host has no tunnel.
    technology: segments[0]?.technology ?? '',
    mtu: mtus.length === 0 ? 0 : Math.min(...mtus),
    path: path?.nodes ?? [],
    ...worst(views.map((view) => partOf(input, view, reported(view)))),
  })
}
