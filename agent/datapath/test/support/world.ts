/** Namespaces that stand for hosts and guests, made and removed by a test. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { FarEnd, SliceEnd, SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { mountBpffs } from '../../../ebpf/pins.ts'
import { bridgeDriver } from '../../bridge/driver.ts'
import { clickDriver } from '../../click/driver.ts'
import type { DatapathDriver, LinkSpec, LinkStep } from '../../driver.ts'
import { guardedDriver } from '../../guard/driver.ts'
import { nodeMark } from '../../mark.ts'
import { openUnderlay } from '../../underlay/underlay.ts'

const run = promisify(execFile)

/** stdout of a command; rejects with what it said where it failed. */
export const command = async (file: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await run(file, args, { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 })
  return stdout
}

let count = 0

export interface Namespace {
  readonly name: string
  readonly path: string
  /** `ip -n NAME …` */
  ip(...args: readonly string[]): Promise<string>
  exec(file: string, ...args: readonly string[]): Promise<string>
}

/** A fresh network namespace with its loopback up, removed at the end of the test. */
export const namespace = async (t: Test, role: string): Promise<Namespace> => {
  count += 1
  const name = `weft-dp-${process.pid}-${count}-${role}`
  await command('ip', 'netns', 'add', name)
  t.teardown(() => command('ip', 'netns', 'del', name))
  const ip = (...args: readonly string[]) => command('ip', '-n', name, ...args)
  await ip('link', 'set', 'lo', 'up')
  return {
    name,
    path: `/run/netns/${name}`,
    ip,
    exec: (file, ...args) => command('ip', 'netns', 'exec', name, file, ...args),
  }
}

export interface Host extends Namespace {
  readonly driver: DatapathDriver
}

/** What links are made by; tests of what all of them do go over this list. */
export const datapaths = ['bridge', 'click'] as const
export type DatapathName = (typeof datapaths)[number]

/** A directory of records and a bpf file system of a host's own. */
export const clickPlaces = async (t: Test): Promise<{ readonly directory: string; readonly bpffs: string }> => {
  const root = mkdtempSync(join(tmpdir(), 'weft-dp-'))
  const bpffs = mkdtempSync(join(root, 'bpf-'))
  await mountBpffs(bpffs)
  t.teardown(async () => {
    await command('umount', bpffs)
    rmSync(root, { recursive: true })
  })
  return { directory: join(root, 'records'), bpffs }
}

export interface HostOptions {
  readonly datapath?: DatapathName
  readonly nicRates?: Readonly<Record<string, number>>
}

export const driverAt = async (
  t: Test,
  datapath: DatapathName,
  path: string,
  { nicRates = {} }: HostOptions = {},
): Promise<DatapathDriver> => {
  const underlay = openUnderlay({ namespace: path, nicRates })
  t.teardown(() => underlay.close())
  return datapath === 'bridge'
    ? guardedDriver(bridgeDriver({ namespace: path, underlay }), { namespace: path, ...(await clickPlaces(t)) })
    : clickDriver({ namespace: path, underlay, ...(await clickPlaces(t)) })
}

/** A namespace with the driver in it. */
export const host = async (t: Test, role: string, options: HostOptions = {}): Promise<Host> => {
  const home = await namespace(t, role)
  const driver = await driverAt(t, options.datapath ?? 'bridge', home.path, options)
  t.teardown(() => driver.close())
  return { ...home, driver }
}

/** The address of eth0 of the guest behind a vif. */
export const macOf = (vif: string): string => {
  const [slot = 0, index = 0] = vif.replace(/^vif/, '').split('.').map(Number)
  return `02:00:00:00:${(slot & 0xff).toString(16).padStart(2, '0')}:${(index & 0xff).toString(16).padStart(2, '0')}`
}

/** A wire between two hosts: a veth pair with an address at each end. */
export const wire = async (
  a: { readonly at: Namespace; readonly nic: string; readonly address: string },
  b: { readonly at: Namespace; readonly nic: string; readonly address: string },
  mtu = 1500,
): Promise<void> => {
  await a.at.ip(
    'link',
    'add',
    a.nic,
    'mtu',
    String(mtu),
    'type',
    'veth',
    'peer',
    'name',
    b.nic,
    'mtu',
    String(mtu),
    'netns',
    b.at.name,
  )
  for (const { at, nic, address } of [a, b]) {
    await at.ip('address', 'add', address, 'dev', nic)
    await at.ip('link', 'set', nic, 'up')
  }
  for (const { at, nic } of [a, b]) await until(async () => / state UP /.test(await at.ip('link', 'show', nic)))
}

/** Waits for something to become true; a loaded machine may take long. */
export const until = async (isTrue: () => Promise<boolean>, seconds = 60): Promise<void> => {
  const end = performance.now() + seconds * 1000
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not true within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export interface GuestOptions {
  readonly vnet?: string
  readonly node?: string
  readonly vif: string
  readonly address: string
  readonly mtu?: number
}

/** A guest of a host: a namespace with eth0, of which the other end is a marked vif in the host, as the hypervisor leaves it. */
export const guest = async (t: Test, at: Namespace, options: GuestOptions): Promise<Namespace> => {
  const { vnet = 'a.v', node = options.vif, vif, address, mtu = 1450 } = options
  const inside = await namespace(t, node.replaceAll('.', ''))
  await at.ip('link', 'add', vif, 'type', 'veth', 'peer', 'name', 'eth0', 'mtu', String(mtu), 'netns', inside.name)
  await at.ip('link', 'set', vif, 'addrgenmode', 'none')
  await at.ip('link', 'set', vif, 'alias', nodeMark(vnet, node))
  await inside.ip('link', 'set', 'eth0', 'address', macOf(vif), 'addrgenmode', 'none', 'up')
  await inside.ip('address', 'add', address, 'dev', 'eth0')
  return inside
}

export interface LinkOptions {
  readonly vnet?: string
  readonly id?: string
  readonly mtu?: number
  readonly vifs?: readonly string[]
  /** Towards each vif, bits per second. */
  readonly rates?: readonly number[]
  readonly segments?: readonly {
    readonly identifier: number
    readonly local: string
    readonly remote: string
    readonly nic: string
    readonly rate?: number
    /** vxlan without it. */
    readonly technology?: string
    readonly peer?: string
    readonly nextHop?: string
    readonly remoteMac?: string
  }[]
  readonly far?: FarEnd
  readonly nic?: string
  readonly shared?: boolean
}

/** A link as the agent would ask for it. */
export const link = (options: LinkOptions): LinkSpec => {
  const {
    vnet = 'a.v',
    id = 'l1',
    mtu = 1450,
    vifs = [],
    rates = [],
    segments = [],
    far,
    nic = '',
    shared = false,
  } = options
  const ends = vifs.map((vif, end): SliceEnd => ({ node: vif, interface: 0, rateBitsPerSecond: rates[end] ?? 0 }))
  return {
    vnet,
    link: {
      id,
      mtu,
      ends,
      segments: segments.map(({ rate = 0, ...segment }) => ({
        technology: 'vxlan',
        peer: '',
        nextHop: '',
        remoteMac: '',
        ...segment,
        rateBitsPerSecond: rate,
      })),
      ...(far === undefined ? {} : { far }),
      down: false,
    },
    vifs,
    interfaces: vifs.map((vif) => interfaceOf(macOf(vif))),
    nic,
    shared,
  }
}

/** As a slice has it; of the guest's addresses only the Ethernet one is known, and guarded. */
export const interfaceOf = (mac: string): SliceInterface => ({
  index: 0,
  mac,
  addresses: [],
  mtu: 0,
  forwarding: '',
  nic: '',
  nicShared: false,
  guards: ['mac'],
  click: '',
})

export const plan = async (
  driver: DatapathDriver,
  specs: readonly LinkSpec[],
  vnet = 'a.v',
): Promise<readonly LinkStep[]> => driver.plan(vnet, specs, await driver.snapshot())

/** Plans and applies; what was applied. */
export const build = async (
  driver: DatapathDriver,
  specs: readonly LinkSpec[],
  vnet = 'a.v',
): Promise<readonly LinkStep[]> => {
  const steps = await plan(driver, specs, vnet)
  for (const step of steps) await driver.apply(step)
  return steps
}

/** Whether a ping of so many bytes comes back; never fragmented. */
export const ping = async (from: Namespace, address: string, payloadBytes = 56): Promise<boolean> => {
  try {
    await from.exec('ping', '-n', '-q', '-c', '1', '-W', '2', '-M', 'do', '-s', String(payloadBytes), address)
    return true
  } catch {
    return false
  }
}

/** Waits until a ping comes back, since a bridge or a tunnel needs a moment. */
export const reaches = async (from: Namespace, address: string): Promise<boolean> => {
  for (let attempt = 0; attempt < 30; attempt++) if (await ping(from, address)) return true
  return false
}

/** Links, disciplines and filters of a namespace as text, without timers. */
export const state = async (at: Namespace): Promise<string> => {
  const links = await at.ip('-d', '-o', 'link', 'show')
  const qdiscs = await command('tc', '-n', at.name, 'qdisc', 'show')
  const names = [...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name = '']) => name)
  const filters = await Promise.all(names.map((name) => command('tc', '-n', at.name, 'filter', 'show', 'dev', name)))
  return [links.replaceAll(/ \w+_timer +[0-9.]+/g, ''), qdiscs, ...filters].join('\n')
}

/** Technologies that this kernel has devices for, as ip(8) finds. */
export const kernelTechnologies = async (t: Test): Promise<readonly string[]> => {
  const at = await namespace(t, 'kinds')
  const makes = (name: string, words: string): Promise<boolean> =>
    at.ip('link', 'add', ...words.replace('NAME', name).split(' ')).then(
      () => true,
      () => false,
    )
  await makes('v0', 'NAME type veth peer name v1')
  const gre = await makes('g0', 'NAME type gretap remote 192.0.2.1 local 192.0.2.2 key 7')
  const vlan = await makes('q0', 'link v0 NAME type vlan id 7')
  return ['vxlan', ...(gre ? ['gre'] : []), ...(vlan ? ['vlan', 'qinq'] : [])]
}

/** A server or a flood in a namespace, ended by its process id at the end of the test. */
export const background = (t: Test, at: Namespace, file: string, ...args: readonly string[]) => {
  const child = spawn('ip', ['netns', 'exec', at.name, file, ...args], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return child
}

/** A reason to skip; false where root tests can run. */
export const problem = process.getuid?.() === 0 ? false : 'needs root'
