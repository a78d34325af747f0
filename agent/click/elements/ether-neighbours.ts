/** EtherNeighbours: one look at a hash map, whose values are the beginning of the Ethernet header. */
import {
  type EtherAddress,
  formatEtherAddress,
  formatIpAddress,
  readIpAddress,
} from '../../../click/arguments/addresses.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { type EtherNeighbour, etherNeighbour, etherNeighbours as of } from '../../../click/elements/ether-neighbours.ts'
import { add, call, jeq, ldMapFd, ldx, mov, st, stx } from '../../ebpf/asm/asm.ts'
import { BpfError } from '../../ebpf/error.ts'
import { bytes16, bytes32, loaded } from '../compile/bytes.ts'
import { compileElement, type ElementMap } from '../compile/element.ts'
import { pushFront } from '../compile/geometry.ts'
import { reach, unreached } from '../compile/packet.ts'
import { annotationSlot, scratch } from '../compile/stack.ts'
import { type ElementState, HandlerError } from '../handlers.ts'

const mostNeighbours = 65_536
const addressBytes = 6
const etherBytes = 14
const words = [0, 4, 8] as const

const neighboursMap: ElementMap = {
  kind: 'hash',
  keyBytes: 4,
  valueBytes: 2 * addressBytes,
  entries: { count: mostNeighbours },
  sparse: true,
}

/** As it stands in packets. */
const keyOf = (ip: number): Buffer => Buffer.from(bytes32(ip))

const put = ({ map }: ElementState, { ip, destination, source }: EtherNeighbour): void => {
  try {
    map('neighbours').update(keyOf(ip), Buffer.from([...destination, ...source]))
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'E2BIG') throw error
    throw new HandlerError(`no room for more than ${mostNeighbours} neighbours`)
  }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '')

const readNeighbour = (line: string): EtherNeighbour => {
  const read = etherNeighbour.parse(line)
  if (isRefusal(read)) throw new HandlerError(read.refused)
  return read
}

const readIp = (line: string): number => {
  const ip = readIpAddress(line.trim())
  if (ip === undefined) throw new HandlerError('expected IP address')
  return ip
}

const etherAt = (value: Buffer, at: number): string =>
  formatEtherAddress([...value.subarray(at, at + addressBytes)] as unknown as EtherAddress)

export const etherNeighbours = compileElement(of, {
  maps: () => ({ neighbours: neighboursMap }),
  start: (state, { list }) => {
    for (const neighbour of list) put(state, neighbour)
  },
  settings: ['neighbours'],
  compile: ({ packet, output, outputLabel, dropLabel, newLabel, map }) => {
    const pushed = pushFront(packet, etherBytes, dropLabel(unreached(packet)))
    const reached = reach(pushed.packet, etherBytes, dropLabel(unreached(pushed.packet)), newLabel)
    const at = pushed.packet.offset
    return [
      ldx('u32', 'r0', 'r10', annotationSlot(0)),
      stx('u32', 'r10', scratch.at, 'r0'),
      ldMapFd('r1', map('neighbours')),
      mov('r2', 'r10'),
      add('r2', scratch.at),
      call('mapLookupElem'),
      jeq('r0', 0, outputLabel(1, packet)),
      mov('r8', 'r0'),
      pushed.code,
      reached.code,
      words.map((word) => [ldx('u32', 'r0', 'r8', word), stx('u32', 'r7', at + word, 'r0')]),
      st('u16', 'r7', at + 2 * addressBytes, loaded(bytes16(0x0800))),
      output(0, { ...reached.packet, mac: at }),
    ]
  },
  modifies: true,
  handlers: {
    table: {
      read: ({ map }) =>
        [...map('neighbours').entries()]
          .map(
            ([key, value]) =>
              `${formatIpAddress(key.readUInt32BE())} ${etherAt(value, 0)} ${etherAt(value, addressBytes)}\n`,
          )
          .sort()
          .join(''),
    },
    count: { read: ({ map }) => `${[...map('neighbours').keys()].length}` },
    // All lines are read before the first is put there.
    set: {
      write: (state, text) => {
        for (const neighbour of linesOf(text).map(readNeighbour)) put(state, neighbour)
      },
    },
    remove: {
      write: ({ map }, text) => {
        for (const ip of linesOf(text).map(readIp)) map('neighbours').delete(keyOf(ip))
      },
    },
  },
})
