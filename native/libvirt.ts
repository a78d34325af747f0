/**
 * The whole surface of the libvirt addon. Every call of a connection runs on a thread of that, never on Node's pool, and
 * settles a promise; policy, XML and validation live in TypeScript. libvirt.so is linked: a machine without it lacks
 * this addon alone.
 */
import { loadAddon } from './load-addon.ts'

/** What every call rejects with: libvirt's own error (virError). */
export interface LibvirtError extends Error {
  readonly name: 'LibvirtError'
  /** virErrorNumber, for instance 42 (VIR_ERR_NO_DOMAIN); `code` is its name where known, for instance 'NO_DOMAIN'. */
  readonly number: number
  readonly code: string
  /** virErrorDomain: which part of libvirt it came from, for instance 27 (VIR_FROM_LXC). */
  readonly domain: number
  /** The call, for instance 'virDomainCreate'. */
  readonly operation: string
}

export interface ConnectOptions {
  /** Threads that calls of this connection run on, 1 to 64; 4 without it. */
  readonly threads?: number
  /** Seconds between keepalive messages and how many may be missed, each from 1 (virConnectSetKeepAlive); 5 and 3 without it. */
  readonly keepaliveSeconds?: number
  readonly keepaliveCount?: number
  /**
   * Called once where the connection broke; pending calls are rejected, those too that a daemon that hangs may carry out later, and
   * listeners hear nothing more. Reason: 'error', 'eof', 'keepalive' or 'client'.
   */
  readonly onClose?: (reason: string) => void
}

export interface DomainInfo {
  /** virDomainState: 0 none, 1 running, 2 blocked, 3 paused, 4 shutting down, 5 shut off, 6 crashed, 7 suspended. */
  readonly state: number
  /** Reason of that state, by state (virDomainGetState). */
  readonly reason: number
  /** KiB, as libvirt counts. */
  readonly maxMemory: number
  readonly memory: number
  readonly virtualCpus: number
  /** Nanoseconds. */
  readonly cpuTime: number
}

export interface DomainSummary {
  readonly name: string
  readonly uuid: string
  /** -1 where it does not run. For a container the process id of its controller. */
  readonly id: number
  readonly state: number
  readonly reason: number
  readonly persistent: boolean
}

/** virDomainEventType and its detail. */
export interface LifecycleEvent {
  readonly kind: 'lifecycle'
  readonly name: string
  readonly uuid: string
  /** 0 defined, 1 undefined, 2 started, 3 suspended, 4 resumed, 5 stopped, 6 shutdown, 7 suspended (PM), 8 crashed. */
  readonly event: number
  readonly detail: number
}

export interface DeviceEvent {
  readonly kind: 'device-removed' | 'device-added'
  readonly name: string
  readonly uuid: string
  readonly alias: string
}

/** The guest was reset or has rebooted, and its domain goes on (VIR_DOMAIN_EVENT_ID_REBOOT). */
export interface RebootEvent {
  readonly kind: 'reboot'
  readonly name: string
  readonly uuid: string
}

export type DomainEvent = LifecycleEvent | RebootEvent | DeviceEvent

/**
 * A domain is named by its UUID in every call; nothing is held open for it. Calls run side by side, as many as the
 * connection has threads, each over a socket of its own: what must come after another awaits it. Every call rejects with
 * a LibvirtError, or with a TypeError or RangeError (ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE) where its arguments are wrong.
 *
 * A call in flight and a listener keep the process and the connection alive; an open connection alone does not, and is
 * closed when its object is collected or the process or worker ends.
 */
export interface LibvirtConnection {
  readonly uri: string
  readonly closed: boolean
  /** Library and hypervisor version, as 1000000 * major + 1000 * minor + release. */
  version(): Promise<{ readonly library: number; readonly hypervisor: number; readonly type: string }>
  /** XML of virConnectGetCapabilities. */
  capabilities(): Promise<string>
  nodeInfo(): Promise<{ readonly cpus: number; readonly memoryKiB: number; readonly model: string }>
  /** Every domain; metadata of the namespace URI given stands in `metadata` ('' where it has none). Domains that go meanwhile are left out. */
  list(metadataUri?: string): Promise<readonly (DomainSummary & { readonly metadata: string })[]>
  /** Defines a persistent domain (virDomainDefineXMLFlags with validation off). */
  define(xml: string): Promise<DomainSummary>
  lookupByName(name: string): Promise<DomainSummary>
  /** Starts a defined domain (virDomainCreateWithFlags). */
  start(uuid: string, flags?: number): Promise<void>
  /** Ends it at once (virDomainDestroyFlags). */
  destroy(uuid: string, flags?: number): Promise<void>
  shutdown(uuid: string, flags?: number): Promise<void>
  undefine(uuid: string, flags?: number): Promise<void>
  suspend(uuid: string): Promise<void>
  resume(uuid: string): Promise<void>
  info(uuid: string): Promise<DomainInfo>
  /** XML (virDomainGetXMLDesc); flags: 1 secure, 2 inactive. */
  xml(uuid: string, flags?: number): Promise<string>
  /** virDomainGetMetadata of type element; flags: 1 live, 2 config. Rejects with NO_DOMAIN_METADATA where it has none. */
  metadata(uuid: string, uri: string, flags?: number): Promise<string>
  /** virDomainSetMetadata of type element; flags as above. An empty XML removes it. */
  setMetadata(uuid: string, xml: string, key: string, uri: string, flags?: number): Promise<void>
  /**
   * What QEMU's guest agent in a running virtual machine answers to a command in its protocol, both JSON (virDomainQemuAgentCommand);
   * one at a time for each domain, on a thread of the connection. Rejects with AGENT_UNRESPONSIVE where it is not there or does not
   * answer within so many seconds (from 1), INTERNAL_ERROR where libvirt-qemu.so is missing or the agent answers an error.
   */
  agentCommand(uuid: string, command: string, timeoutSeconds: number): Promise<string>
  /**
   * Hot-plug: virDomainAttachDeviceFlags, virDomainDetachDeviceFlags, virDomainUpdateDeviceFlags; flags: 1 live, 2 config.
   * A container that was started just now answers OPERATION_INVALID as long as libvirt does not know its init process: some 20 ms as a
   * rule, but libvirt 9.0 now and then misses it for good (then so does lxcNamespaces) until the container or libvirtd is started again.
   */
  attachDevice(uuid: string, xml: string, flags: number): Promise<void>
  /**
   * Of a virtual machine it settles before the device is gone: wait for the event `device-removed`. Of a container the device is gone
   * (libvirt's LXC driver tells no device events).
   */
  detachDevice(uuid: string, xml: string, flags: number): Promise<void>
  updateDevice(uuid: string, xml: string, flags: number): Promise<void>
  /**
   * Open descriptors of a running container's namespaces (virDomainLxcOpenNamespace); the caller closes them (fs.close).
   * Which is which: `readlink /proc/self/fd/N` says, for instance `net:[4026532281]`.
   */
  lxcNamespaces(uuid: string): Promise<readonly number[]>
  /** Lifecycle, reboot and device events of all domains. Returns the function that stops them: after it is called none comes. */
  onEvent(listener: (event: DomainEvent) => void): Promise<() => Promise<void>>
  /** Idempotent. Pending calls settle first; afterwards every call rejects with code 'CLOSED'. */
  close(): Promise<void>
}

export interface LibvirtAddon {
  /** For instance 'lxc:///system', 'qemu:///system', 'xen:///system', 'test:///default'. */
  connect(uri: string, options?: ConnectOptions): Promise<LibvirtConnection>
  /**
   * Of an open terminal, such as that which libvirt names as a domain's console: every byte is handed on as it is, nothing is echoed
   * (`stty raw -echo`). Throws with `code`, `syscall`, `errno`; ENOTTY where it is none, EIO where its other end is closed.
   */
  rawTerminal(descriptor: number): void
}

/** Loads the addon; throws ERR_ADDON_UNAVAILABLE with the reason where it was not built (no headers of libvirt) or libvirt.so is missing. */
export const loadLibvirt = (): LibvirtAddon => loadAddon<LibvirtAddon>('libvirt')
