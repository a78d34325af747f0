/** Where links are made: a network namespace that stands for Dom0, one that has what guests would have, a bpf file system, a directory. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeMark } from '../../agent/datapath/mark.ts'
import { mountBpffs } from '../../agent/ebpf/pins.ts'
import { setLink } from '../../agent/netlink/link/requests.ts'
import { openRoute } from '../../agent/netlink/route.ts'
import { NetlinkError } from '../../agent/netlink/socket/error.ts'

export interface World {
  /** Path of Dom0's network namespace. */
  readonly namespace: string
  readonly bpffs: string
  /** For records and what else lies on a disk. */
  readonly directory: string
  /** Makes vifs as a hypervisor leaves them: marked, down, the guests' ends up. */
  addVifs(vifs: readonly Vif[]): Promise<void>
  close(): void
}

export interface Vif {
  readonly name: string
  readonly vnet: string
  readonly node: string
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

let count = 0

/** Of a namespace, for all interfaces that are made in it from now on. */
const withoutIpv6 = (namespace: string): void => {
  const settings = ['all', 'default'].map((scope) => `/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`)
  const script = 'for setting; do [ ! -e "$setting" ] || echo 1 >"$setting"; done'
  ip('netns', 'exec', namespace, 'sh', '-c', script, 'sh', ...settings)
}

export interface WorldOptions {
  /** Dom0's interfaces have IPv6, other than in lab/host: the kernel walks all of its IPv6 routes for each that comes up. */
  readonly ipv6?: boolean
}

/** As root. Throws where a namespace or a file system cannot be made. */
export const openWorld = async ({ ipv6 = false }: WorldOptions = {}): Promise<World> => {
  count += 1
  const [dom0, guests] = [`weft-links-${process.pid}-${count}`, `weft-guests-${process.pid}-${count}`]
  const root = mkdtempSync(join(tmpdir(), 'weft-bench-'))
  const bpffs = join(root, 'bpf')
  const made: (() => void)[] = [() => rmSync(root, { recursive: true })]
  const close = (): void => {
    for (const undo of made.splice(0).reverse()) undo()
  }
  try {
    for (const name of [dom0, guests]) {
      ip('netns', 'add', name)
      made.push(() => ip('netns', 'del', name))
    }
    if (!ipv6) withoutIpv6(dom0)
    // It stands for many namespaces, of one interface each.
    withoutIpv6(guests)
    mkdirSync(bpffs)
    await mountBpffs(bpffs)
    made.push(() => execFileSync('umount', [bpffs]))
    const route = openRoute({ namespace: `/run/netns/${dom0}` })
    const inside = openRoute({ namespace: `/run/netns/${guests}` })
    made.push(() => {
      route.close()
      inside.close()
    })
    let moved = 0
    const addVifs = async (vifs: readonly Vif[]): Promise<void> => {
      const pairs = vifs.map(({ name }) => ({ name, peer: `g${++moved}` }))
      execFileSync('ip', ['-n', dom0, '-batch', '-'], {
        input: pairs.map(({ name, peer }) => `link add ${name} type veth peer name ${peer} netns ${guests}`).join('\n'),
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      const marks = vifs.map(({ name, vnet, node }) =>
        setLink(name, { alias: nodeMark(vnet, node), addressGeneration: 1 }),
      )
      const ups = pairs.map(({ peer }) => setLink(peer, { up: true }))
      for (const outcome of [...(await route.batch(marks)), ...(await inside.batch(ups))]) {
        if (outcome instanceof NetlinkError) throw outcome
      }
    }
    return { namespace: `/run/netns/${dom0}`, bpffs, directory: root, addVifs, close }
  } catch (error) {
    close()
    throw error
  }
}
