/** Speed of an interface by generic netlink (ETHTOOL_MSG_LINKMODES_GET, linux/ethtool_netlink.h; `ethtool X`). */
import { AttributeDecoder } from './codec/decoder.ts'
import { AttributeEncoder } from './codec/encoder.ts'
import type { Message } from './codec/message.ts'
import { type ConnectionOptions, openConnection } from './socket/connection.ts'
import { NetlinkError } from './socket/error.ts'
import type { Request } from './socket/request.ts'

/** NETLINK_GENERIC, and the type of its own messages (GENL_ID_CTRL). */
const genericProtocol = 16
const controlFamily = 16

export interface EthtoolSocket {
  /** Bits per second; 0 where the driver does not know (a bridge, an interface without a carrier). */
  speed(name: string): Promise<number>
  close(): void
}

/** struct genlmsghdr: u8 command, u8 version, 2 of padding. */
const header = (command: number): Buffer => Buffer.from([command, 1, 0, 0])

const getFamily = (name: string): Request => ({
  type: controlFamily,
  flags: 0,
  body: new AttributeEncoder().fixed(header(3)).string(2, name).finish(),
  operation: 'generic family',
  subject: name,
})

const getLinkModes = (family: number, name: string): Request => ({
  type: family,
  flags: 0,
  body: new AttributeEncoder()
    .fixed(header(4))
    .nested(1, (device) => device.string(2, name))
    .finish(),
  operation: 'ethtool',
  subject: name,
})

const readU = (message: Message | undefined, type: number, read: (decoder: AttributeDecoder) => number): number => {
  const decoder = new AttributeDecoder(message?.body.subarray(4) ?? Buffer.alloc(0))
  let value = 0
  while (decoder.next()) if (decoder.type === type) value = read(decoder)
  decoder.finish()
  return value
}

/** SPEED_UNKNOWN. */
const unknown = 0xffff_ffff
/** The driver has no such call, or the interface is gone. */
const silent: ReadonlySet<string> = new Set(['EOPNOTSUPP', 'ENODEV', 'EINVAL'])

/** Throws NetlinkError: ENOENT where the kernel has no ethtool over netlink (before 5.6). */
export const openEthtool = async (options: ConnectionOptions = {}): Promise<EthtoolSocket> => {
  const connection = openConnection(genericProtocol, options)
  const family = await connection
    .request(getFamily('ethtool'))
    .then(({ messages }) => readU(messages[0], 1, (decoder) => decoder.u16()))
    .catch((error: unknown) => {
      connection.close()
      throw error
    })

  return {
    speed: async (name) => {
      try {
        const { messages } = await connection.request(getLinkModes(family, name))
        const megabits = readU(messages[0], 5, (decoder) => decoder.u32())
        return megabits === unknown ? 0 : megabits * 1e6
      } catch (error) {
        if (error instanceof NetlinkError && silent.has(error.code)) return 0
        throw error
      }
    },
    close: connection.close,
  }
}
