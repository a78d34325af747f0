/** Namespaces that stand for hosts and guests, with the agent's own drivers between them; all is gone when the bench ends. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readConfiguration } from '../../agent/click/service/configuration.ts'
import { clickService } from '../../agent/click/service/service.ts'
import { bridgeDriver } from '../../agent/datapath/bridge/driver.ts'
import { clickDriver } from '../../agent/datapath/click/driver.ts'
import type { DatapathDriver, LinkSpec } from '../../agent/datapath/driver.ts'
import { nodeMark } from '../../agent/datapath/mark.ts'
import { openUnderlay } from '../../agent/datapath/underlay/underlay.ts'
import { mountBpffs } from '../../agent/ebpf/pins.ts'
import { follow } from '../../agent/forwarding/follow.ts'
import { forwardingText } from '../../agent/forwarding/text.ts'
import { openRoute } from '../../agent/netlink/route.ts'
import { create } from '../../proto/codec.ts'
import type { Segment } from '../../proto/generated/weft.v1.ts'

const execute = promisify(execFile)

export const run = async (file: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await execute(file, args, { timeout: 300_000, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

export type DatapathName = 'bridge' | 'click'

export interface Namespace {
  readonly name: string
  readonly path: string
  exec(...argv: readonly string[]): Promise<string>
}

export interface Guest extends Namespace {
  readonly vif: string
  readonly mac: string
}

export interface Host extends Namespace {
  /** A guest of one interface, eth0; more by `attach`. */
  guest(vif: string, address: string, mtu: number): Promise<Guest>
  attach(guest: Namespace, vif: string, device: string, address: string, mtu: number): Promise<string>
  /** Makes all links of the host, with one data path. */
  build(datapath: DatapathName, links: readonly LinkSpec[]): Promise<void>
  /** Dom0 forwards for a guest. */
  forward(
    guest: Namespace,
    vifs: readonly { readonly name: string; readonly mac: string; readonly mtu: number }[],
  ): Promise<void>
}

export interface Ground {
  /** `nicRates`: bits a second of NICs, as an agent's configuration states them. */
  host(name: string, nicRates?: Readonly<Record<string, number>>): Promise<Host>
  wire(a: Namespace, b: Namespace, nic: string, addresses: readonly [string, string]): Promise<void>
  close(): Promise<void>
}

const vnet = 'a.v'

export const openGround = (): Ground => {
  const ends: (() => unknown)[] = []
  let count = 0

  const namespace = async (role: string): Promise<Namespace> => {
    const name = `weft-bench-${process.pid}-${++count}-${role}`
    await run('ip', 'netns', 'add', name)
    ends.push(() => run('ip', 'netns', 'del', name))
    const exec: Namespace['exec'] = (...argv) => run('ip', 'netns', 'exec', name, ...argv)
    await exec('ip', 'link', 'set', 'lo', 'up')
    return { name, path: `/run/netns/${name}`, exec }
  }

  const host: Ground['host'] = async (role, nicRates = {}) => {
    const home = await namespace(role)
    // A kernel with br_netfilter takes each packet of a bridge through IP's hooks otherwise, which would flatter what it is compared with.
    await home.exec('sh', '-c', 'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done')
    const root = mkdtempSync(join(tmpdir(), 'weft-bench-'))
    const bpffs = join(root, 'bpf')
    await run('mkdir', bpffs)
    await mountBpffs(bpffs)
    ends.push(async () => {
      await run('umount', bpffs)
      rmSync(root, { recursive: true })
    })
    const underlay = openUnderlay({ namespace: home.path, nicRates })
    const drivers: Readonly<Record<DatapathName, DatapathDriver>> = {
      bridge: bridgeDriver({ namespace: home.path, underlay }),
      click: clickDriver({ namespace: home.path, underlay, directory: join(root, 'records'), bpffs }),
    }
    ends.push(async () => {
      await Promise.all(Object.values(drivers).map((driver) => driver.close()))
      underlay.close()
    })

    const attach: Host['attach'] = async (guest, vif, device, address, mtu) => {
      const size = String(mtu)
      const mac = macOf(vif)
      await home.exec(
        'ip',
        'link',
        'add',
        vif,
        'mtu',
        size,
        'type',
        'veth',
        'peer',
        'name',
        device,
        'mtu',
        size,
        'netns',
        guest.name,
      )
      await home.exec('ip', 'link', 'set', vif, 'addrgenmode', 'none', 'alias', nodeMark(vnet, vif))
      await guest.exec('ip', 'link', 'set', device, 'address', mac, 'addrgenmode', 'none', 'up')
      await guest.exec('ip', 'address', 'add', address, 'dev', device)
      return mac
    }

    const build: Host['build'] = async (datapath, links) => {
      const driver = drivers[datapath]
      for (const step of driver.plan(vnet, links, await driver.snapshot())) await driver.apply(step)
    }

    const forward: Host['forward'] = async (guest, vifs) => {
      const places = { namespace: home.path, directory: join(root, 'forwarding'), bpffs }
      const service = clickService({ ...places, group: 'forwarding' })
      const route = openRoute({ namespace: home.path })
      const interfaces = await Promise.all(
        vifs.map(async ({ name, mac, mtu }, index) => {
          const link = await route.link(name)
          return { index, vif: { name, index: link?.index ?? 0 }, mac, mtu, link: link?.lower ?? 0 }
        }),
      )
      route.close()
      await service.up('bench', readConfiguration(forwardingText('r', interfaces), 'bench'))
      const follower = follow({ namespace: guest.path, service, router: 'bench', interfaces, onState: () => undefined })
      ends.push(async () => {
        follower.close()
        await service.down('bench')
      })
      await follower.first
    }

    return {
      ...home,
      attach,
      build,
      forward,
      guest: async (vif, address, mtu) => {
        const inside = await namespace(vif.replaceAll('.', ''))
        return { ...inside, vif, mac: await attach(inside, vif, 'eth0', address, mtu) }
      },
    }
  }

  return {
    host,
    wire: async (a, b, nic, [first, second]) => {
      await a.exec('ip', 'link', 'add', nic, 'type', 'veth', 'peer', 'name', nic, 'netns', b.name)
      for (const [at, address] of [
        [a, first],
        [b, second],
      ] as const) {
        await at.exec('ip', 'address', 'add', address, 'dev', nic)
        await at.exec('ip', 'link', 'set', nic, 'up')
      }
    },
    close: async () => {
      for (const end of ends.splice(0).toReversed()) await end()
    },
  }
}

const macOf = (vif: string): string => {
  const [slot = 0, index = 0] = vif.replace(/^vif/, '').split('.').map(Number)
  return `02:00:00:00:${slot.toString(16).padStart(2, '0')}:${index.toString(16).padStart(2, '0')}`
}

export interface LinkOptions {
  readonly id: string
  readonly mtu: number
  readonly vifs: readonly string[]
  readonly segments?: readonly (Pick<Segment, 'identifier' | 'local' | 'remote' | 'nic'> & {
    readonly nextHop?: string
  })[]
}

/** A link as the agent would ask for it. */
export const linkOf = ({ id, mtu, vifs, segments = [] }: LinkOptions): LinkSpec => ({
  vnet,
  link: create('SliceLink', {
    id,
    mtu,
    ends: vifs.map((node) => ({ node, interface: 0 })),
    segments: segments.map((segment) => ({ technology: 'vxlan', peer: 'peer', ...segment })),
  }),
  vifs,
  interfaces: vifs.map((vif) => create('SliceInterface', { mac: macOf(vif) })),
  nic: '',
})
