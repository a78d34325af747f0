/** Inventories as agents send them, for tests. */
import { create, type Init } from '../../../proto/codec.ts'
import type { HostInventory } from '../../../proto/generated/weft.v1.ts'

/** 4 CPUs, 8 GiB, lxc, NICs eth1 to eth4 with addresses 192.0.2.1 and so on, the data path bridge with vxlan. */
export const inventory = (host: string, changes: Init<HostInventory> = {}): HostInventory =>
  create('HostInventory', {
    host,
    cpus: 4,
    memoryBytes: 8 * 2 ** 30,
    nics: [1, 2, 3, 4].map((n) => ({
      name: `eth${n}`,
      mac: `02:00:00:00:00:0${n}`,
      addresses: [`192.0.2.${n}/24`],
      mtu: 1500,
      rateBitsPerSecond: 10e9,
      up: true,
      role: 'underlay',
    })),
    hypervisors: [{ name: 'lxc' }, { name: 'xen', unavailable: 'no /proc/xen' }],
    datapaths: [{ name: 'bridge', technologies: ['vxlan'] }],
    images: ['debian'],
    ...changes,
  })

export const inventories = (...list: HostInventory[]): ReadonlyMap<string, HostInventory> =>
  new Map(list.map((one) => [one.host, one]))
