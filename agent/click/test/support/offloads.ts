/** Offloads of an interface, by generic netlink (ETHTOOL_MSG_FEATURES_SET; `ethtool -K X …`). */
import { AttributeDecoder } from '../../../netlink/codec/decoder.ts'
import { AttributeEncoder } from '../../../netlink/codec/encoder.ts'
import { openConnection } from '../../../netlink/socket/connection.ts'

/** What a sender leaves for the device to do: names of the kernel's string set ETH_SS_FEATURES. */
export const segmentation = [
  'tx-tcp-segmentation',
  'tx-tcp-ecn-segmentation',
  'tx-tcp-mangleid-segmentation',
  'tx-generic-segmentation',
]
export const checksums = ['tx-checksum-ip-generic']

const header = (command: number): Buffer => Buffer.from([command, 1, 0, 0])

/** Turns them off. Rejects with NetlinkError. */
export const turnOff = async (namespace: string, device: string, features: readonly string[]): Promise<void> => {
  const connection = openConnection(16, { namespace })
  try {
    const body = new AttributeEncoder().fixed(header(3)).string(2, 'ethtool').finish()
    const found = await connection.request({
      type: 16,
      flags: 0,
      body,
      operation: 'generic family',
      subject: 'ethtool',
    })
    const decoder = new AttributeDecoder(found.messages[0]?.body.subarray(4) ?? Buffer.alloc(0))
    let family = 0
    while (decoder.next()) if (decoder.type === 1) family = decoder.u16()
    const wanted = new AttributeEncoder()
      .fixed(header(12))
      .nested(1, (of) => of.string(2, device))
      // A bit that is listed and has no value is turned off.
      .nested(3, (set) =>
        set.nested(3, (bits) => {
          for (const name of features) bits.nested(1, (bit) => bit.string(2, name))
        }),
      )
      .finish()
    await connection.request({ type: family, flags: 4, body: wanted, operation: 'ethtool', subject: device })
  } finally {
    connection.close()
  }
}
