/** Links of the bench: each joins two nodes of its own on the same host. */
import type { LinkSpec } from '../../agent/datapath/driver.ts'
import { create } from '../../proto/codec.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import type { Vif } from './world.ts'

/** X of vifX.0 of the two ends of a link, by its number. */
export const slotsOf = (number: number): readonly [number, number] => [2 * number + 1, 2 * number + 2]

export const macOf = (slot: number): string => {
  const bytes = [2, 0, 0, slot >> 16, (slot >> 8) & 0xff, slot & 0xff]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

const guards = ['mac']
const nodeOf = (slot: number): string => `n${slot}`

export const vifsOf = (vnet: string, number: number): readonly Vif[] =>
  slotsOf(number).map((slot) => ({ name: `vif${slot}.0`, vnet, node: nodeOf(slot) }))

const linkOf = (number: number) => ({
  id: `l${number}`,
  mtu: 1450,
  ends: slotsOf(number).map((slot) => ({ node: nodeOf(slot), interface: 0 })),
})

/** As a data path's driver is asked for it. */
export const specOf = (vnet: string, number: number): LinkSpec => ({
  vnet,
  link: create('SliceLink', linkOf(number)),
  vifs: vifsOf(vnet, number).map(({ name }) => name),
  interfaces: slotsOf(number).map((slot) => create('SliceInterface', { mac: macOf(slot), guards })),
  nic: '',
})

/** As an agent is asked for it. */
export const sliceOf = (vnet: string, numbers: readonly number[], generation: number, forwarding: string): Slice =>
  create('Slice', {
    vnet,
    generation,
    epoch: 1,
    absent: numbers.length === 0,
    nodes: numbers.flatMap(slotsOf).map((slot) => ({
      id: nodeOf(slot),
      hypervisor: 'fake',
      cpu: { count: 1, shares: 2 },
      memoryBytes: 2 ** 20,
      interfaces: [{ index: 0, mac: macOf(slot), mtu: 1450, forwarding, guards }],
    })),
    links: numbers.map(linkOf),
  })
