/** A node by direct libvirt and netlink calls: root file system, domain, vifs and addresses as the hypervisor driver `lxc` makes them. */
import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeMark } from '../../agent/datapath/mark.ts'
import { configurationDigest } from '../../agent/hypervisor/digest.ts'
import { domainName } from '../../agent/hypervisor/domain-name.ts'
import type { NodeSpec } from '../../agent/hypervisor/driver.ts'
import { guestInterface } from '../../agent/hypervisor/guest-network.ts'
import { writeReleased } from '../../agent/hypervisor/libvirt/released.ts'
import { writeControl } from '../../agent/hypervisor/lxc/control.ts'
import { domainXml } from '../../agent/hypervisor/lxc/domain-xml.ts'
import { initOf } from '../../agent/hypervisor/lxc/enter.ts'
import { controlMounts, initCommand } from '../../agent/hypervisor/lxc/init.ts'
import { imageMounts, makeRootTree, prepareRootTree } from '../../agent/hypervisor/lxc/root-tree.ts'
import { vifName } from '../../agent/hypervisor/vifs.ts'
import { addAddress } from '../../agent/netlink/address.ts'
import { getLink, setLink } from '../../agent/netlink/link/requests.ts'
import { openRoute, type RouteSocket } from '../../agent/netlink/route.ts'
import type { LibvirtConnection } from '../../native/libvirt.ts'
import { sendAll } from './bare-links.ts'

export interface BareHost {
  readonly connection: LibvirtConnection
  readonly route: RouteSocket
  readonly stateDir: string
  readonly bootId: string
}

const directoryOf = ({ stateDir }: BareHost, vnet: string, node: string): string => join(stateDir, 'nodes', vnet, node)

/** Defines and starts it. Its vifs are there then, marked and silent, and come back with their indices. */
export const startNode = async (host: BareHost, spec: NodeSpec): Promise<ReadonlyMap<string, number>> => {
  const { connection, route } = host
  const { vnet, node, slot } = spec
  const directory = directoryOf(host, vnet, node.id)
  const root = join(directory, 'root')
  const control = join(directory, 'control')
  await mkdir(root, { recursive: true, mode: 0o755 })
  await mkdir(control, { mode: 0o755 })
  await makeRootTree(root, '/', node.id)
  await writeControl(control, node)
  const mounts = await imageMounts({ root: '/', isMapped: false })
  await prepareRootTree(root, node, mounts)
  const all = [...mounts, ...controlMounts(control)]
  const { uuid } = await connection.define(domainXml({ ...spec, root, mounts: all, init: initCommand }))
  await connection.start(uuid)
  const names = node.interfaces.map(({ index, mtu }) => ({ name: vifName(slot, index), mtu }))
  return sendAll(
    route,
    names.flatMap(({ name, mtu }) => [
      setLink(name, { alias: nodeMark(vnet, node.id), mtu, addressGeneration: 1 }),
      getLink(name),
    ]),
  )
}

/** Sets the interfaces inside, and lets the start-up command run. */
export const configureNode = async (host: BareHost, spec: NodeSpec): Promise<void> => {
  const { vnet, node } = spec
  const { id } = await host.connection.lookupByName(domainName(vnet, node.id))
  const inside = openRoute({ namespace: `/proc/${await initOf(id)}/ns/net` })
  try {
    const names = node.interfaces.map(({ index }) => guestInterface(index))
    const indices = await sendAll(inside, names.map(getLink))
    await sendAll(inside, [
      setLink('lo', { up: true }),
      ...node.interfaces.flatMap(({ index, mtu, addresses }) => {
        const name = guestInterface(index)
        return [setLink(name, { mtu, up: true }), ...addresses.map((one) => addAddress(indices.get(name) ?? 0, one))]
      }),
    ])
  } finally {
    inside.close()
  }
  const released = { bootId: host.bootId, domainId: id, configuration: configurationDigest(spec) }
  await writeReleased(join(directoryOf(host, vnet, node.id), 'control'), released)
}

export const removeNode = async (host: BareHost, vnet: string, node: string): Promise<void> => {
  const { uuid } = await host.connection.lookupByName(domainName(vnet, node))
  await host.connection.destroy(uuid)
  await host.connection.undefine(uuid)
  await rm(directoryOf(host, vnet, node), { recursive: true })
}

/** Directories that others walk through keep their modes whatever this process's mask is. */
export const prepareHost = async ({ stateDir }: BareHost, vnet: string): Promise<void> => {
  const directory = join(stateDir, 'nodes', vnet)
  await mkdir(directory, { recursive: true })
  for (const each of [stateDir, join(stateDir, 'nodes'), directory]) await chmod(each, 0o755)
}
