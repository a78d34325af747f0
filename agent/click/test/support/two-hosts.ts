/** Two hosts with an underlay between them, each a guest: what goes between the guests goes through a tunnel. */
import type { Test } from 'tap'
import { guest, type Namespace, namespace, wire } from '../../../datapath/test/support/world.ts'
import { attachFilter } from '../../../ebpf/clsact.ts'
import { have } from '../../../ebpf/features.ts'
import { attachTcx } from '../../../ebpf/link.ts'
import { openRoute } from '../../../netlink/route.ts'
import { compile } from '../../compile/compile.ts'
import { loadRouter, type Router } from '../../router.ts'
import { graphOf } from './compare.ts'

export interface TunnelHost extends Namespace {
  readonly address: string
}

/** Their addresses are 192.0.2.1 and 192.0.2.2; the MTU between them leaves room for every tunnel. */
export const twoHosts = async (t: Test): Promise<readonly [TunnelHost, TunnelHost]> => {
  const one = { ...(await namespace(t, 'h1')), address: '192.0.2.1' }
  const two = { ...(await namespace(t, 'h2')), address: '192.0.2.2' }
  const end = (at: TunnelHost) => ({ at, nic: 'eth1', address: `${at.address}/24` })
  await wire(end(one), end(two), 1600)
  return [one, two]
}

/** A guest with the Ethernet address 2:0:0:0:0:N of 10.0.0.N. */
export const guestOf = async (t: Test, host: Namespace, vif: string, number: number): Promise<Namespace> => {
  const inside = await guest(t, host, { vif, address: `10.0.0.${number}/24`, mtu: 1500, node: `g${vif}` })
  await host.ip('link', 'set', vif, 'up')
  await inside.ip('link', 'set', 'eth0', 'down')
  await inside.ip('link', 'set', 'eth0', 'address', `02:00:00:00:00:0${number}`)
  await inside.ip('link', 'set', 'eth0', 'up')
  return inside
}

export const indexOf = async (host: Namespace, name: string): Promise<number> => {
  const route = openRoute({ namespace: host.path })
  try {
    return (await route.links()).find((link) => link.name === name)?.index ?? 0
  } finally {
    route.close()
  }
}

/** Puts a configuration at the interfaces of a host, to the end of the test: by TCX, or before Linux 6.6 as filters, which end with their interfaces. */
export const attach = async (t: Test, host: Namespace, text: string): Promise<Router> => {
  const route = openRoute({ namespace: host.path })
  t.teardown(() => route.close())
  const indices = new Map((await route.links()).map(({ name, index }) => [name, index]))
  const device = (name: string): number => indices.get(name) ?? 0
  const router = loadRouter(compile(graphOf(text), { device }))
  t.teardown(() => router.close())
  for (const { program, device: name, direction } of router.programs) {
    const at = { interfaceIndex: device(name), direction }
    if (have('tcx')) {
      const link = attachTcx(program, { interfaceIndex: at.interfaceIndex, namespace: host.path }, direction)
      t.teardown(() => link.close())
    } else {
      await attachFilter(route, program, { ...at, priority: 1, handle: 1 })
    }
  }
  return router
}
