/**
 * What the agent asks of a hypervisor: at most eight calls. Drivers: lxc, qemu, kvm, xen, fake. One contract
 * suite (test/contract.ts) runs over every driver.
 */
import type { ExecResult, Hypervisor, SliceNode } from '../../proto/generated/weft.v1.ts'

/** A node as a driver builds it: this host's part of the request and what the agent handed out for it. */
export interface NodeSpec {
  readonly vnet: string
  readonly node: SliceNode
  /** X of vifX.Y: handed out by the agent, kept until the node is removed (state/slots.ts). */
  readonly slot: number
}

export interface ObservedVif {
  readonly index: number
  /** vifX.Y in Dom0. */
  readonly name: string
}

/** How a node's run ended: it was shut down, broke off, or is on its way up again. */
export interface NodeEnd {
  readonly how: 'stopped' | 'crashed' | 'rebooted'
  /** For people, without a full stop. */
  readonly reason: string
}

/** A domain that carries our mark. Domains without it are never shown by a driver and never touched. */
export interface ObservedNode {
  readonly vnet: string
  readonly id: string
  readonly hypervisor: string
  readonly domain: string
  readonly slot: number
  readonly running: boolean
  /**
   * configurationDigest of what it was last configured with since the host booted, the start-up command released; '' before that. A node
   * that was started behind our back has ''.
   */
  readonly configuration: string
  /** nodeDigest of the NodeSpec that it was made from (`isMadeFrom`): of another one, it has to be made again. '' where only half of it is there. */
  readonly digest: string
  readonly vifs: readonly ObservedVif[]
  /**
   * How its last run ended, since the host booted, of a node that had been configured and has not been started since; `rebooted` also of one that
   * runs again by itself and was not configured since.
   */
  readonly ended?: NodeEnd | undefined
  /** Path of the network namespace of a container that runs; undefined where it has just ended. */
  readonly networkNamespace?: () => Promise<string | undefined>
}

/** A node's console, open. What arrives before onData is called is kept for it. */
export interface ConsoleStream {
  /** Calls back with what the node writes, from now on; one listener. Where it returns a promise nothing more is read until that settles. */
  onData(listener: (bytes: Uint8Array) => void | Promise<void>): void
  /** Settles when the bytes are handed over: a node that reads nothing holds its writer back. Rejects once it is closed. */
  write(bytes: Uint8Array): Promise<void>
  /** Size of the terminal in characters; absent where the hypervisor's console has none (a serial line). */
  resize?(columns: number, rows: number): Promise<void>
  /** Lets go of the console; the node goes on. Idempotent. */
  close(): Promise<void>
  /** Settles when the stream is over, whoever ended it: a reason where that was the node's or hypervisor's side. Never rejects. */
  readonly closed: Promise<string | undefined>
}

export interface Inside {
  /** Runs a command in the node. Errors: node.unknown, node.not-running, verb.unsupported, call.timeout. */
  exec(vnet: string, node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult>
  /** Opens the node's console; one stream at a time. Errors: node.unknown, node.not-running, verb.unsupported, hypervisor.failed. */
  console(vnet: string, node: string): Promise<ConsoleStream>
}

/** A node of a pool, or one that takes it. */
export interface PoolNode {
  readonly vnet: string
  readonly id: string
}

/** A node of a pool that runs, and that may become another one. */
export interface IdleNode extends PoolNode {
  /** X of its vifX.Y, which stay what they are. */
  readonly slot: number
}

export interface ObserveOptions {
  /** VNets of which every node is told; all without it. */
  readonly vnets?: ReadonlySet<string> | undefined
}

export interface HypervisorDriver {
  /** As requests name it: 'lxc', 'fake'. */
  readonly name: string
  /** How many nodes it makes or removes at a time with profit; more would only wait for each other. */
  readonly parallel: number
  /** Whether it can be used here, by trying; called at start and for the inventory. Never throws: says why not. */
  probe(): Promise<Hypervisor>
  /** All nodes with our mark, running or not, or those of some VNets (others may be among them); the truth, read anew. Idempotent. */
  observe(options?: ObserveOptions): Promise<readonly ObservedNode[]>
  /**
   * Makes the node and starts it; its vifs vifX.Y are in Dom0 when it settles, marked, down, joined to nothing. Idempotent: a
   * stopped one is started, a running one left alone. On failure nothing of it is left. Errors: image.unknown,
   * hypervisor.unavailable, hypervisor.failed, object.foreign.
   *
   * Where `from` is given and the node is not there, that one becomes it, as it runs and under another name, and is there no more. It keeps its
   * slot, which is the node's from then on in place of the spec's, and its vifs, which carry the node's mark and are down. What differs but for
   * that comes with `configure`. The caller has seen that it serves (`isServedBy`). It is wholly the one or wholly the other at each moment.
   * Where it cannot be taken the node is made as any other. True: it was taken.
   */
  start(spec: NodeSpec, from?: IdleNode): Promise<boolean>
  /**
   * The interfaces of a running node become those of the spec: what is missing is attached, what is wanted no more detached, with MAC, MTU and
   * addresses inside, where the agent can set them from outside; it starts with them again. Then the start-up command may run. Idempotent;
   * called again after the agent or the node was restarted. A guest that cannot be entered may keep, until it is started again, those that it had
   * as a pool's and that are wanted no more: down in Dom0, joined to nothing, with the node's mark. Errors: node.not-running, hypervisor.failed,
   * object.foreign.
   */
  configure(spec: NodeSpec): Promise<void>
  /** Ends the node and removes its definition and files. Idempotent: one that is not there is a success. */
  remove(vnet: string, node: string): Promise<void>
  /** What is done inside a node for its operator. */
  readonly inside: Inside
  /**
   * Calls back with the key of a node whose state may have changed, with '' and '' where that may be any: the driver was cut off, or can be
   * used again. The caller reads the truth again. Never rejects for a hypervisor that is away. Ends with close.
   */
  watch(changed: (vnet: string, node: string) => void): Promise<void>
  /** Lets go of connections; nodes go on. Idempotent. */
  close(): Promise<void>
}
