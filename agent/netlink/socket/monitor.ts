/** Listens to multicast groups, on a socket of its own: what is announced never waits behind answers. */
import { loadNetlink } from '../../../native/netlink.ts'
import { decodeMessages, type Message } from '../codec/message.ts'

/** Multicast groups of rtnetlink (enum rtnetlink_groups, linux/rtnetlink.h). */
export const routeGroup = { link: 1, neighbour: 3, traffic: 4, ipv4Address: 5, ipv4Route: 7, ipv6Address: 9 } as const

export interface MonitorOptions {
  readonly namespace?: string | undefined
  readonly groups: readonly number[]
  readonly onMessage: (message: Message) => void
  /** Announcements were lost (ENOBUFS) or cannot be read: whoever needs to know all reads it again. */
  readonly onLost: (error: Error) => void
}

export interface Monitor {
  /** Idempotent; nothing is called back afterwards. */
  close(): void
}

/** `ip monitor link`. Does not keep the process alive. */
export const openMonitor = (protocol: number, { namespace, groups, onMessage, onLost }: MonitorOptions): Monitor => {
  const socket = loadNetlink().open(protocol, {
    ...(namespace === undefined ? {} : { namespace }),
    groups,
    onDatagram: (datagram) => {
      try {
        for (const message of decodeMessages(datagram)) onMessage(message)
      } catch (error) {
        onLost(error as Error)
      }
    },
    onError: onLost,
  })
  socket.unref()
  return { close: () => socket.close() }
}
