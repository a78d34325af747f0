/** What each element does to a packet, after its documentation. Nothing here knows of the compiler. */
import { clone, data, length, pull, push, type ReferencePacket } from './packet.ts'

export interface Surroundings {
  readonly arguments: readonly string[]
  readonly inputs: number
  readonly outputs: number
  /** Gives a packet to what is connected there. */
  readonly output: (port: number, packet: ReferencePacket) => void
  /** Notes that a packet left by an interface. */
  readonly send: (device: string, packet: ReferencePacket) => void
  /** Notes that a packet was handed to the host's own stack. */
  readonly deliver: (packet: ReferencePacket) => void
  /** A number that is another each time, from 1: Click's ICMPErrors share one. */
  readonly nextErrorId: () => number
}

export interface ReferenceElement {
  readonly push: (packet: ReferencePacket, input: number) => void
  readonly handlers: Readonly<Record<string, () => string>>
}

export type Make = (surroundings: Surroundings) => ReferenceElement

/** The value of a keyword, or of a position. */
export const argument = (given: readonly string[], keyword: string, position: number): string | undefined => {
  const named = given.find((each) => each.startsWith(`${keyword} `))
  if (named !== undefined) return named.slice(keyword.length).trim()
  const value = given.filter((each) => !/^[A-Z_]+ /.test(each))[position]
  return value
}

/** The words of an argument that is a list. */
export const list = (given: readonly string[], keyword: string, position: number): readonly string[] =>
  (argument(given, keyword, position) ?? '').split(/\s+/).filter((word) => word !== '')

/** The place of a keyword that has none. */
export const nowhere = 99

export const element = (push: ReferenceElement['push'], handlers: ReferenceElement['handlers'] = {}) => ({
  push,
  handlers,
})

const paintOf = (given: readonly string[], position: number): number => {
  const anno = argument(given, 'ANNO', position)
  return anno === undefined || anno === 'PAINT' ? 16 : Number(anno)
}

const copies = (outputs: number, output: Surroundings['output'], packet: ReferencePacket): void => {
  for (let port = 0; port < outputs; port++) output(port, clone(packet))
}

const clauses = (pattern: string) =>
  pattern === '-'
    ? []
    : pattern.split(/\s+/).map((clause) => {
        const negated = clause.startsWith('!')
        const [offset = '', rest = ''] = clause.slice(negated ? 1 : 0).split('/')
        const [value = '', mask = ''] = rest.split('%')
        return { negated, offset: Number(offset), value, mask: mask || 'f'.repeat(value.length) }
      })

/** Nibble by nibble, as it is written. */
const matches = (bytes: Buffer, { offset, value, mask }: { offset: number; value: string; mask: string }): boolean =>
  [...value].every((digit, i) => {
    const bits = Number.parseInt(mask[i] ?? '', 16)
    if (digit === '?' || bits === 0) return true
    const byte = bytes[offset + (i >> 1)]
    if (byte === undefined) return false
    const nibble = i % 2 === 0 ? byte >> 4 : byte & 15
    return (nibble & bits) === (Number.parseInt(digit, 16) & bits)
  })

export const basicElements: Readonly<Record<string, Make>> = {
  FromDevice: ({ output }) => element((packet) => output(0, packet)),
  FromHost: ({ arguments: given, output }) => {
    const isIp = argument(given, 'TYPE', nowhere) === 'IP'
    let count = 0
    let drops = 0
    const take = (packet: ReferencePacket): void => {
      count++
      packet.type = 'host'
      if (isIp) pull(packet, 14)
      const bytes = data(packet)
      const version = (bytes[0] ?? 0) >> 4
      const size = ((bytes[0] ?? 0) & 15) * 4
      const isRight =
        version === 4
          ? size >= 20 && size <= bytes.length && bytes.readUInt16BE(2) >= size
          : version === 6 && bytes.length >= 40
      if (isIp && !isRight) {
        drops++
        output(1, packet)
        return
      }
      if (isIp) packet.network = packet.start
      if (isIp && version === 4) bytes.copy(packet.annotations, 0, 16, 20)
      output(0, packet)
    }
    return element(take, { count: () => `${count}`, drops: () => `${drops}` })
  },
  ToDevice: ({ arguments: given, send }) => element((packet) => send(argument(given, 'DEVNAME', 0) ?? '', packet)),
  ToHost: ({ arguments: given, deliver }) => {
    const isIp = argument(given, 'TYPE', nowhere) === 'IP'
    let count = 0
    const take = (packet: ReferencePacket): void => {
      count++
      // In a file of Ethernet frames a packet without a header has one of zeros.
      const before = isIp ? Buffer.concat([Buffer.alloc(12), Buffer.from([8, 0])]) : Buffer.alloc(0)
      const buffer = Buffer.concat([before, data(packet)])
      deliver({ ...packet, buffer, start: 0, end: buffer.length })
    }
    return element(take, { count: () => `${count}`, drops: () => '0' })
  },
  // With probabilities of 0 and 1 alone.
  RandomSample: ({ arguments: given, output }) => {
    const passes = Number(
      argument(given, 'P', 0) ?? argument(given, 'SAMPLE', nowhere) ?? 1 - Number(argument(given, 'DROP', nowhere)),
    )
    const active = argument(given, 'ACTIVE', nowhere) ?? 'true'
    let drops = 0
    const take = (packet: ReferencePacket): void => {
      const goesOn = passes === 1 || active === 'false'
      if (!goesOn) drops++
      output(goesOn ? 0 : 1, packet)
    }
    return element(take, {
      drops: () => `${drops}`,
      sampling_prob: () => `${passes}`,
      drop_prob: () => `${1 - passes}`,
      active: () => active,
    })
  },
  Idle: () => element(() => undefined),
  Null: ({ output }) => element((packet) => output(0, packet)),
  Queue: ({ arguments: given, output }) =>
    // One that holds nothing takes nothing; others never fill.
    element((packet) => output(argument(given, 'CAPACITY', 0) === '0' ? 1 : 0, packet), {
      length: () => '0',
      capacity: () => argument(given, 'CAPACITY', 0) ?? '1000',
    }),
  Discard: () => {
    let count = 0
    return element(() => void count++, { count: () => `${count}` })
  },
  Counter: ({ output }) => {
    let count = 0
    let bytes = 0
    const count_ = (packet: ReferencePacket): void => {
      count++
      bytes += length(packet)
      output(0, packet)
    }
    return element(count_, { count: () => `${count}`, byte_count: () => `${bytes}` })
  },
  Paint: ({ arguments: given, output }) =>
    element((packet) => {
      packet.annotations[paintOf(given, 1)] = Number(argument(given, 'COLOR', 0))
      output(0, packet)
    }),
  CheckPaint: ({ arguments: given, output }) =>
    element((packet) => {
      output(packet.annotations[paintOf(given, 1)] === Number(argument(given, 'COLOR', 0)) ? 0 : 1, packet)
    }),
  PaintTee: ({ arguments: given, output }) =>
    element((packet) => {
      if (packet.annotations[paintOf(given, 1)] === Number(argument(given, 'COLOR', 0))) output(1, clone(packet))
      output(0, packet)
    }),
  PaintSwitch: ({ arguments: given, outputs, output }) =>
    element((packet) => {
      const color = packet.annotations[paintOf(given, 0)] ?? 0
      if (color === 255) copies(outputs, output, packet)
      else output(color, packet)
    }),
  Switch: ({ arguments: given, output }) =>
    element((packet) => output(Number(argument(given, 'OUTPUT', 0) ?? 0), packet)),
  StaticSwitch: ({ arguments: given, output }) =>
    element((packet) => output(Number(argument(given, 'OUTPUT', 0)), packet)),
  Tee: ({ outputs, output }) => element((packet) => copies(outputs, output, packet)),
  Truncate: ({ arguments: given, output }) =>
    element((packet) => {
      packet.end = Math.min(packet.end, packet.start + Number(argument(given, 'LENGTH', 0)))
      output(0, packet)
    }),
  Strip: ({ arguments: given, output }) =>
    element((packet) => {
      pull(packet, Number(argument(given, 'LENGTH', 0)))
      output(0, packet)
    }),
  Unstrip: ({ arguments: given, output }) =>
    element((packet) => {
      push(packet, Number(argument(given, 'LENGTH', 0)))
      output(0, packet)
    }),
  Classifier: ({ arguments: given, output }) => {
    const patterns = given.map(clauses)
    return element((packet) => {
      const bytes = data(packet)
      const port = patterns.findIndex((pattern) => pattern.every((clause) => matches(bytes, clause) !== clause.negated))
      if (port >= 0) output(port, packet)
    })
  },
}
