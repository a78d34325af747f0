/** What this host is made of (host/{h}/inventory), by asking the drivers and the kernel. */
import { availableParallelism, totalmem } from 'node:os'
import { create } from '../../proto/codec.ts'
import type { Datapath, HostInventory, Hypervisor, Image, Location, Nic } from '../../proto/generated/weft.v1.ts'
import type { NicConfig } from '../config.ts'
import type { ImageStore } from '../images/store.ts'
import type { Drivers } from '../reconcile/observe.ts'

export interface InventoryOptions {
  readonly host: string
  readonly drivers: Drivers
  /** Physical interfaces as the kernel has them; roles and rates of the configuration are added here. */
  readonly nics: () => Promise<readonly Nic[]>
  readonly nicConfig: ReadonlyMap<string, NicConfig>
  readonly location: Location | undefined
  /** undefined: this host tells of none. */
  readonly images: Pick<ImageStore, 'list'> | undefined
}

/** Pure. What the configuration says of a NIC counts more than what the NIC says of itself. */
export const withRoles = (nics: readonly Nic[], config: ReadonlyMap<string, NicConfig>): readonly Nic[] =>
  nics.map((nic) => {
    const said = config.get(nic.name)
    return { ...nic, role: said?.role || nic.role, rateBitsPerSecond: said?.rateBitsPerSecond || nic.rateBitsPerSecond }
  })

export const inventoryReader = (options: InventoryOptions): (() => Promise<HostInventory>) => {
  const { host, drivers, location } = options
  return async () => {
    const [hypervisors, nics, images, paths]: [Hypervisor[], readonly Nic[], readonly Image[], readonly Datapath[]] =
      await Promise.all([
        Promise.all(drivers.hypervisors.map((driver) => driver.probe())),
        options.nics(),
        options.images?.list() ?? [],
        Promise.all(drivers.datapaths.map((driver) => driver.probe())),
      ])
    return create('HostInventory', {
      host,
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      nics: withRoles(nics, options.nicConfig),
      hypervisors,
      datapaths: paths,
      images: images.filter(({ sha256 }) => sha256 === '').map(({ name }) => name),
      storedImages: images,
      location,
    })
  }
}
