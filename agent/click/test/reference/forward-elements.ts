/** Elements by which Dom0 forwards for a node. */
import { argument, element, list, type Make } from './elements.ts'
import { data, length, push } from './packet.ts'

const bytesOf = (address: string): Buffer => Buffer.from(address.split(':').map((byte) => Number.parseInt(byte, 16)))

export const forwardElements: Readonly<Record<string, Make>> = {
  EtherNeighbours: ({ arguments: given, output }) => {
    const neighbours = new Map(
      given.map((each) => {
        const [ip = '', destination = '', source = ''] = each.split(/\s+/)
        return [ip, Buffer.concat([bytesOf(destination), bytesOf(source), Buffer.from([0x08, 0x00])])]
      }),
    )
    const take = (packet: Parameters<typeof data>[0]): void => {
      const header = neighbours.get([...packet.annotations.subarray(0, 4)].join('.'))
      if (header !== undefined) {
        push(packet, header.length)
        data(packet).set(header)
      }
      output(header === undefined ? 1 : 0, packet)
    }
    return element(take, { count: () => `${neighbours.size}` })
  },
  FitsMTU: ({ arguments: given, output }) =>
    element((packet) => output(length(packet) > Number(argument(given, 'MTU', 0)) ? 1 : 0, packet)),
  // At interfaces of a run that no FromDevice is at, the host takes packets.
  ToIngress: ({ arguments: given, deliver }) => {
    let count = 0
    if (argument(given, 'DEVNAME', 0) === undefined || list(given, 'DEVNAME', 0).length !== 1)
      throw new Error('no device')
    return element(
      (packet) => {
        count++
        deliver(packet)
      },
      { count: () => `${count}` },
    )
  },
}
