/** A host whose links a data path's driver makes, as the reconciler has it do it: snapshot, plan, apply, and a look that finds all right. */
import { join } from 'node:path'
import { bridgeDriver } from '../../agent/datapath/bridge/driver.ts'
import { clickDriver } from '../../agent/datapath/click/driver.ts'
import type { LinkSpec } from '../../agent/datapath/driver.ts'
import { openUnderlay } from '../../agent/datapath/underlay/underlay.ts'
import { costOf, type LinkHost } from './host.ts'
import { pinnedBytes } from './memory.ts'
import { specOf, vifsOf } from './spec.ts'
import { openWorld, type WorldOptions } from './world.ts'

/** The number of the one link that comes and goes: none of the others'. */
const extra = 100_000
const extraVNet = 'extra'

export const openDriverHost = async (
  datapath: 'click' | 'bridge',
  perVNet: number,
  options: WorldOptions,
): Promise<LinkHost> => {
  const world = await openWorld(options)
  const { namespace, bpffs } = world
  const underlay = openUnderlay({ namespace })
  const driver =
    datapath === 'click'
      ? clickDriver({ namespace, underlay, directory: join(world.directory, 'records'), bpffs })
      : bridgeDriver({ namespace, underlay })
  const wanted = new Map<string, LinkSpec[]>()

  const look = async (vnet: string) =>
    driver.plan(vnet, wanted.get(vnet) ?? [], await driver.snapshot({ vnets: new Set([vnet]) }))

  /** As for one change of a slice. */
  const converge = async (vnet: string): Promise<void> => {
    for (const step of await look(vnet)) await driver.apply(step)
    const left = await look(vnet)
    if (left.length > 0) throw new Error(`${vnet} is not right: ${left.flatMap(({ reasons }) => reasons).join(', ')}`)
  }

  const remove = async (): Promise<void> => {
    wanted.set(extraVNet, [])
    await converge(extraVNet)
  }

  await world.addVifs(vifsOf(extraVNet, extra))
  return {
    fill: async (from, to) => {
      const numbers = Array.from({ length: to - from }, (_, position) => from + position)
      const byVNet = Map.groupBy(numbers, (number) => `v${Math.floor(number / perVNet)}`)
      for (const [vnet, members] of byVNet) await world.addVifs(members.flatMap((number) => vifsOf(vnet, number)))
      const { seconds } = await costOf(async () => {
        for (const [vnet, members] of byVNet) {
          wanted.set(vnet, [...(wanted.get(vnet) ?? []), ...members.map((number) => specOf(vnet, number))])
          await converge(vnet)
        }
      })
      return seconds
    },
    add: () =>
      costOf(async () => {
        wanted.set(extraVNet, [specOf(extraVNet, extra)])
        await converge(extraVNet)
      }),
    remove,
    kernelBytes: () => pinnedBytes(bpffs),
    close: async () => {
      await driver.close()
      underlay.close()
      world.close()
    },
  }
}
