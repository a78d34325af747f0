/**
 * ARP and switching: ARPResponder, ARPQuerier, EtherSwitch, after their documentation, RFC 826 and RFC 1112. Time stands still here: nothing
 * that was learnt is forgotten, and an address that was asked for is not asked for again.
 */
import { ipNumber, ipText, mac, macText, prefixOf } from './bytes.ts'
import { argument, element, type Make, nowhere } from './elements.ts'
import { clone, data, push, type ReferencePacket } from './packet.ts'

const arpBytes = 42
const reply = 2
const request = 1

/** Whether a frame is ARP for IPv4 on Ethernet, of this operation. */
const isArp = (bytes: Buffer, operation: number): boolean =>
  bytes.length >= arpBytes &&
  bytes.readUInt16BE(12) === 0x0806 &&
  bytes.readUInt16BE(14) === 1 &&
  bytes.readUInt16BE(16) === 0x0800 &&
  bytes.readUInt16BE(20) === operation

interface ArpFields {
  readonly operation: number
  readonly senderEther: Uint8Array
  readonly senderIp: Uint8Array
  readonly targetEther: Uint8Array
  readonly targetIp: Uint8Array
}

/** A new packet, with the VLAN annotation of the one that caused it. */
const arpPacket = (destination: Uint8Array, fields: ArpFields, cause: ReferencePacket): ReferencePacket => {
  const { operation, senderEther, senderIp, targetEther, targetIp } = fields
  const start = 64
  const buffer = Buffer.concat([
    Buffer.alloc(start),
    destination,
    senderEther,
    Buffer.from('0806', 'hex'),
    Buffer.from('0001080006040000', 'hex'),
    senderEther,
    senderIp,
    targetEther,
    targetIp,
  ])
  buffer.writeUInt16BE(operation, start + 20)
  const annotations = Buffer.alloc(48)
  cause.annotations.copy(annotations, 20, 20, 22)
  return { buffer, start, end: buffer.length, annotations, network: -1, transport: -1, mac: start, type: 'host' }
}

interface Neighbour {
  ether: Buffer | undefined
  readonly waiting: { readonly packet: ReferencePacket; readonly arrival: number }[]
  asked: boolean
}

export const lanElements: Readonly<Record<string, Make>> = {
  ARPResponder: ({ arguments: given, output }) => {
    const entries = given.flatMap((entry) => {
      const words = entry.split(/\s+/)
      const ether = mac(words.find((word) => /[:-]/.test(word)) ?? '')
      return words.filter((word) => !/[:-]/.test(word)).map((word) => ({ ...prefixOf(word), ether }))
    })
    return element((packet) => {
      const bytes = data(packet)
      const asked = isArp(bytes, request) ? bytes.readUInt32BE(38) : 0
      // Of two for the same addresses the later counts.
      const [found] = entries
        .toReversed()
        .filter(({ address, mask }) => (asked & mask) >>> 0 === address)
        .sort((one, other) => other.mask - one.mask)
      if (!isArp(bytes, request) || !found) {
        output(1, packet)
        return
      }
      const asker = bytes.subarray(22, 28)
      const fields = {
        operation: reply,
        senderEther: found.ether,
        senderIp: bytes.subarray(38, 42),
        targetEther: asker,
        targetIp: bytes.subarray(28, 32),
      }
      output(0, arpPacket(asker, fields, packet))
    })
  },

  ARPQuerier: ({ arguments: given, outputs, output }) => {
    const { own, mask } = prefixOf(argument(given, 'IP', 0) ?? '')
    const ownIp = Buffer.alloc(4)
    ownIp.writeUInt32BE(own)
    const ownEther = mac(argument(given, 'ETH', 1) ?? '')
    const number = (name: string, otherwise: number): number => Number(argument(given, name, nowhere) ?? otherwise)
    const capacity = number('CAPACITY', 2048)
    const entryCapacity = number('ENTRY_CAPACITY', 0)
    const entryPacketCapacity = number('ENTRY_PACKET_CAPACITY', 0)
    const named = argument(given, 'BROADCAST', nowhere)
    const ofPrefix = (own | ~mask) >>> 0
    const broadcast = named ? ipNumber(named) : ofPrefix === own ? 0xffffffff : ofPrefix
    /** The oldest first. */
    const table = new Map<string, Neighbour>()
    let arrivals = 0
    const counts = { drops: 0, killed: 0, queries: 0, responses: 0 }
    const waiting = (): number => [...table.values()].reduce((sum, { waiting }) => sum + waiting.length, 0)

    const makeRoomFor = (entries: number): void => {
      for (const [key, old] of table) {
        if (entryCapacity === 0 || table.size + entries <= entryCapacity) break
        table.delete(key)
        counts.killed += old.waiting.length
      }
    }
    const ensure = (address: Buffer): Neighbour => {
      const key = ipText(address)
      const known = table.get(key)
      if (known) return known
      makeRoomFor(1)
      const made: Neighbour = { ether: undefined, waiting: [], asked: false }
      table.set(key, made)
      return made
    }
    /** Where one more is too many, half of what may wait goes: what came first. (In Click what came first for the oldest address.) */
    const slim = (): void => {
      if (capacity === 0 || waiting() + 1 <= capacity) return
      const goal = Math.max(1, capacity - Math.floor(capacity / 2))
      const queues = [...table.values()].map((entry) => entry.waiting)
      const firstOf = (queue: Neighbour['waiting']): number => queue[0]?.arrival ?? Number.POSITIVE_INFINITY
      while (waiting() + 1 > goal) {
        queues.sort((one, other) => firstOf(one) - firstOf(other))
        queues[0]?.shift()
        counts.killed++
      }
    }
    const ask = (packet: ReferencePacket, address: Buffer): void => {
      counts.queries++
      const fields = {
        operation: request,
        senderEther: ownEther,
        senderIp: ownIp,
        targetEther: Buffer.alloc(6),
        targetIp: address,
      }
      output(outputs - 1, arpPacket(Buffer.alloc(6, 255), fields, packet))
    }
    const send = (packet: ReferencePacket, ether: Uint8Array): void => {
      packet.buffer.set(ether, packet.start)
      ownEther.copy(packet.buffer, packet.start + 6)
      output(0, packet)
    }
    const takeIp = (packet: ReferencePacket): void => {
      if (own === 0) {
        counts.drops++
        return
      }
      push(packet, 14)
      packet.mac = packet.start
      packet.buffer.writeUInt16BE(0x0800, packet.start + 12)
      const address = Buffer.from(packet.annotations.subarray(0, 4))
      const wanted = address.readUInt32BE()
      const known = table.get(ipText(address))?.ether
      if (known) send(packet, known)
      else if (wanted === 0xffffffff || wanted === broadcast) send(packet, Buffer.alloc(6, 255))
      else if (wanted >>> 28 === 14) {
        const low = Buffer.from([0x01, 0x00, 0x5e, (address[1] ?? 0) & 0x7f, address[2] ?? 0, address[3] ?? 0])
        send(packet, low)
      } else if (wanted === 0) counts.drops++
      else {
        const entry = ensure(address)
        if (entryPacketCapacity > 0 && entry.waiting.length >= entryPacketCapacity) {
          counts.killed++
          return
        }
        slim()
        entry.waiting.push({ packet, arrival: arrivals++ })
        if (!entry.asked) ask(packet, address)
        entry.asked = true
      }
    }
    const takeReply = (packet: ReferencePacket): void => {
      const bytes = data(packet)
      if (bytes.length < arpBytes) return
      counts.responses++
      const ether = Buffer.from(bytes.subarray(22, 28))
      if (!isArp(bytes, reply) || (ether[0] ?? 0) & 1) return
      const address = Buffer.from(bytes.subarray(28, 32))
      const entry = ensure(address)
      entry.ether = ether
      entry.asked = false
      // The youngest is the last.
      table.delete(ipText(address))
      table.set(ipText(address), entry)
      for (const each of entry.waiting.splice(0)) send(each.packet, ether)
    }
    return element((packet, input) => (input === 0 ? takeIp(packet) : takeReply(packet)), {
      ipaddr: () => ipText(ownIp),
      broadcast: () => [24, 16, 8, 0].map((shift) => (broadcast >>> shift) & 255).join('.'),
      queries: () => `${counts.queries}`,
      responses: () => `${counts.responses}`,
      drops: () => `${counts.drops}`,
      count: () => `${table.size}`,
      length: () => `${waiting()}`,
      stats: () => `${counts.drops + counts.killed} packets killed\n${counts.queries} ARP queries sent\n`,
    })
  },

  EtherSwitch: ({ arguments: given, inputs, output }) => {
    const learns = Number(argument(given, 'TIMEOUT', nowhere) ?? 300) > 0
    const table = new Map<string, number>()
    const push = (packet: ReferencePacket, input: number): void => {
      const bytes = data(packet)
      if (learns) table.set(macText(bytes.subarray(6)), input)
      const isGroup = ((bytes[0] ?? 0) & 1) === 1
      const port = learns && !isGroup ? table.get(macText(bytes)) : undefined
      if (port === input) return
      if (port !== undefined) output(port, packet)
      else {
        for (let other = inputs - 1; other >= 0; other--) {
          if (other === input) continue
          output(other, clone(packet))
        }
      }
    }
    return element(push, {
      table: () => [...table].map(([ether, port]) => `${ether} ${port}\n`).join(''),
      timeout: () => argument(given, 'TIMEOUT', nowhere) ?? '300',
    })
  },
}
