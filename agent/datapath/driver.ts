/**
 * What the agent asks of a data path: read the kernel, plan (pure), apply. Drivers: bridge and click.
 * A link is data from end to end: LinkSpec (what shall be) and Snapshot (what is) give steps with reasons.
 */
import type { Datapath, LinkCounters, SliceInterface, SliceLink } from '../../proto/generated/weft.v1.ts'

/** One link of a slice as a data path builds it. A vif put onto a physical interface is a link of one end and a nic. */
export interface LinkSpec {
  readonly vnet: string
  readonly link: SliceLink
  /** Vif names in Dom0 of link.ends, in their order. */
  readonly vifs: readonly string[]
  /** What the slice says of those interfaces: addresses in their guests, guards, the operator's own Click. */
  readonly interfaces: readonly SliceInterface[]
  /** Of each end, whether Dom0 forwards for its node: what comes for it may never leave by its vif. None of them where it is left out. */
  readonly forwarded?: readonly boolean[]
  /** Physical interface joined instead of a second end or a segment; '' for none. */
  readonly nic: string
  /** Whether other links may be on that interface, too. */
  readonly shared?: boolean
}

/** What the kernel says of a link that carries our mark. */
export interface ObservedLink {
  readonly vnet: string
  readonly id: string
  /** Names of the interfaces that make it, the bridge first, vifs left out. */
  readonly interfaces: readonly string[]
}

/** What is there now: the links with our mark (of the VNets asked for), and whatever else the driver needs to plan. Opaque but for `links`. */
export interface Snapshot {
  readonly links: readonly ObservedLink[]
}

export interface SnapshotOptions {
  /**
   * Reads everything anew: also what nobody announces when it changes (a program that was taken off, a setting below /proc/sys). Without it what was
   * read before may stand for what has not changed since, as far as the kernel says so.
   */
  readonly thorough?: boolean
  /** VNets that are to be planned from it: of links it tells theirs alone. All without it. */
  readonly vnets?: ReadonlySet<string>
}

export type LinkAction = 'add' | 'change' | 'remove'

/** One step of a plan: everything about one link that has to change, as operations that the driver understands. */
export interface LinkStep {
  readonly vnet: string
  readonly link: string
  readonly action: LinkAction
  /** For people: why it is done, one line each. */
  readonly reasons: readonly string[]
  readonly operations: readonly unknown[]
  /**
   * Vifs that the step waits for because they are not there yet; the rest of the link is built without them. Once it is, the step has
   * no operations and only says so: there is nothing to apply.
   */
  readonly waitsFor: readonly string[]
}

/** What an interface of a node has in its data path, for people. */
export interface InterfaceRouter {
  /** The configuration that runs. */
  readonly text: string
  /** 'running', or what is wrong. */
  readonly state: string
  /** `element.handler` and its value. */
  readonly handlers: readonly { readonly name: string; readonly value: string }[]
}

/** What is asked of the operator's own Click: its handlers are named as its text names them. */
export interface OwnHandlerUse {
  /** `element.handler`; '': all that can be read. */
  readonly handler: string
  /** What is written to it; left out: it is read. */
  readonly write?: string
}

export interface DatapathDriver {
  /** As requests name it: 'bridge' or 'click'. */
  readonly name: string
  /** Which technologies work here, by trying; never throws: says why not. */
  probe(): Promise<Datapath>
  /** One reading of the kernel for all links; idempotent. Rejects with datapath.failed where the kernel cannot be asked. */
  snapshot(options?: SnapshotOptions): Promise<Snapshot>
  /**
   * Pure: the steps that make the links of `vnet` exactly `specs`. Links with our mark that are not in specs are removed;
   * nothing without our mark is ever named in a step. No step for a link that is right already.
   * Throws slice.invalid, datapath.unavailable, nic.unknown, nic.taken, mtu.too-small, object.foreign, router.broken, with the link as
   * object.
   */
  plan(vnet: string, specs: readonly LinkSpec[], snapshot: Snapshot): readonly LinkStep[]
  /** Does a step. On failure undoes what it did and throws datapath.failed with the kernel's own words. */
  apply(step: LinkStep): Promise<void>
  /** Calls back with the VNet whose interfaces may have changed, also for a vif that came or went. Ends with close. */
  watch(changed: (vnet: string) => void): Promise<void>
  /** The router of an interface, where the data path has routers; undefined where this one has none. Rejects with router.broken. */
  inspect?(vnet: string, node: string, index: number, withHandlers: boolean): Promise<InterfaceRouter | undefined>
  /**
   * Handlers of the operator's own Click at an interface, and no others; undefined where there is none. Rejects with handler.unknown,
   * config.invalid with the handler's own words, router.broken.
   */
  useOwn?(vnet: string, node: string, index: number, use: OwnHandlerUse): Promise<InterfaceRouter | undefined>
  /** What a link carried, in the directions that are this driver's to count (directionsOf of counters.ts); undefined where it has no part of it. */
  counters?(spec: LinkSpec): Promise<LinkCounters | undefined>
  /** Lets go of sockets; links go on. Idempotent. */
  close(): Promise<void>
}
