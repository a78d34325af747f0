/** As much of rtnetlink(7) as tests of a socket need; the product's own codec is agent/netlink. Little-endian hosts. */

export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3

const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_DUMP = 0x300
const NLM_F_CREATE_EXCL = 0x600
const NLM_F_CAPPED = 0x100
const NLM_F_ACK_TLVS = 0x200

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly payload: Buffer
}

/** One attribute: length, type, value, padding to four bytes. */
export const attribute = (type: number, value: Uint8Array): Buffer => {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  bytes.set(value, 4)
  return bytes
}

const message = (type: number, flags: number, sequence: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + payload.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(flags | NLM_F_REQUEST, 6)
  header.writeUInt32LE(sequence, 8)
  return Buffer.concat([header, payload])
}

const ifinfomsg = (index = 0): Buffer => {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  return bytes
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)

/** `ip link show` */
export const dumpLinks = (sequence: number): Buffer => message(RTM_GETLINK, NLM_F_DUMP, sequence, ifinfomsg())

/** `ip link show index N` */
export const getLink = (sequence: number, index: number): Buffer => message(RTM_GETLINK, 0, sequence, ifinfomsg(index))

/** `ip link add NAME type KIND` */
export const addLink = (sequence: number, name: string, kind: string): Buffer =>
  message(
    RTM_NEWLINK,
    NLM_F_ACK | NLM_F_CREATE_EXCL,
    sequence,
    Buffer.concat([
      ifinfomsg(),
      attribute(3 /* IFLA_IFNAME */, text(name)),
      attribute(18 /* IFLA_LINKINFO */, attribute(1 /* IFLA_INFO_KIND */, text(kind))),
    ]),
  )

/** `ip link delete NAME` */
export const deleteLink = (sequence: number, name: string): Buffer =>
  message(RTM_DELLINK, NLM_F_ACK, sequence, Buffer.concat([ifinfomsg(), attribute(3, text(name))]))

/** The messages of one datagram. */
export const messagesOf = (datagram: Buffer): readonly Message[] => {
  const messages: Message[] = []
  for (let offset = 0; offset + 16 <= datagram.length; ) {
    const length = datagram.readUInt32LE(offset)
    if (length < 16 || offset + length > datagram.length)
      throw new Error(`truncated at ${offset} of ${datagram.length}`)
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      payload: datagram.subarray(offset + 16, offset + length),
    })
    offset += (length + 3) & ~3
  }
  return messages
}

/** Attributes of bytes, by type. */
const attributesOf = (bytes: Buffer): ReadonlyMap<number, Buffer> => {
  const found = new Map<number, Buffer>()
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(offset)
    if (length < 4) break
    found.set(bytes.readUInt16LE(offset + 2) & 0x3fff, bytes.subarray(offset + 4, offset + length))
    offset += (length + 3) & ~3
  }
  return found
}

const textOf = (bytes: Buffer | undefined): string => bytes?.subarray(0, -1).toString() ?? ''

/** Name of the link in an RTM_NEWLINK or RTM_DELLINK. */
export const linkName = ({ payload }: Message): string => textOf(attributesOf(payload.subarray(16)).get(3))

/** What an NLMSG_ERROR says: an errno (0 is success) and the text of the extended acknowledgement. */
export const acknowledgement = ({ flags, payload }: Message): { readonly errno: number; readonly text: string } => {
  // The request comes back behind the errno: its header alone where the answer is capped.
  const requestLength = flags & NLM_F_CAPPED ? 16 : payload.readUInt32LE(4)
  const extended = flags & NLM_F_ACK_TLVS ? attributesOf(payload.subarray(4 + requestLength)) : new Map()
  return { errno: -payload.readInt32LE(0), text: textOf(extended.get(1 /* NLMSGERR_ATTR_MSG */)) }
}

/** Whether the message closes the answer to a request. */
export const isLast = ({ type }: Message): boolean => type === NLMSG_ERROR || type === NLMSG_DONE
