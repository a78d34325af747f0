/**
 * The whole surface of the netlink addon: netlink sockets and persistent taps. What goes over the sockets is built
 * and read in TypeScript (agent/netlink); the addon owns descriptors and nothing else.
 */
import { loadAddon } from './load-addon.ts'

export interface NetlinkOptions {
  /** Path of a network namespace to open the socket in, for instance /proc/1234/ns/net; the process's own without it. */
  readonly namespace?: string
  /** Multicast groups to join at once, by number (RTNLGRP_LINK is 1). */
  readonly groups?: readonly number[]
  /** Bytes of the socket's receive buffer (SO_RCVBUFFORCE); 1 MiB without it. */
  readonly receiveBufferBytes?: number
  /** Called with each datagram, which holds one message or more; the buffer is the callee's. */
  readonly onDatagram: (datagram: Buffer) => void
  /** Called with ENOBUFS where the kernel had to drop messages (the socket goes on: dump again). After any other error the socket is closed. */
  readonly onError: (error: NodeJS.ErrnoException) => void
}

/**
 * One socket of AF_NETLINK, watched by the event loop (netlink(7)). Extended acknowledgements, capped acknowledgements
 * and strict checking of dumps are on where the kernel has them. Messages of other processes are not delivered. A socket
 * that keeps the event loop alive is kept itself; an unreferenced one is closed when the object is collected.
 */
export interface NetlinkSocket {
  /** The port id that the kernel gave (nl_pid). */
  readonly portId: number
  /**
   * Sends one datagram, of one message or more. Throws with `code` (an errno name), `syscall` and `errno`; EBADF once
   * closed, EMSGSIZE where it is larger than the send buffer (net.core.wmem_default, 208 KiB as a rule).
   */
  send(datagram: Uint8Array): void
  /**
   * The same on a thread of libuv's: the kernel does what the datagram says before it lets go of the sender, and makes him wait for whoever else
   * changes interfaces anywhere on the machine. Settles once it is done; answers may come before. Send nothing more until it has settled, where the order
   * matters. What has begun is done to its end, also where the socket is closed. Not for dumps: what is read meanwhile would
   * make the kernel give the dump up, and the socket with it. Throws EBADF as `send` does, rejects with all else.
   */
  sendLater(datagram: Uint8Array): Promise<void>
  /** Joins a multicast group by number. Throws as `send`. */
  join(group: number): void
  leave(group: number): void
  /** Keeps the event loop alive (the default) or not. Without effect once closed. */
  ref(): void
  unref(): void
  /** Idempotent; nothing is called back afterwards. */
  close(): void
  readonly closed: boolean
}

export interface NetlinkAddon {
  /** Opens a socket of a protocol (NETLINK_ROUTE is 0, NETLINK_GENERIC 16). Throws with `code`, `syscall`, `errno`. */
  open(protocol: number, options: NetlinkOptions): NetlinkSocket
  /**
   * Makes a persistent tap (`ip tuntap add mode tap`): rtnetlink cannot. It outlives the call and is deleted as a link.
   * A persistent tap of that name that nobody has open stays as it is. Throws with EBUSY where somebody has it open, EINVAL where
   * the name is not one or belongs to a link that is no tap.
   */
  createTap(name: string, options?: { readonly namespace?: string; readonly vnetHeader?: boolean }): void
}

/** Loads the addon; throws ERR_ADDON_UNAVAILABLE with the reason where it was not built. */
export const loadNetlink = (): NetlinkAddon => loadAddon<NetlinkAddon>('netlink')
