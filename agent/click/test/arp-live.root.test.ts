/**
 * Hosts that do not know each other, with a router between that knows neither: their first packets wait for ARP. A host's stack leaves checksums to
 * its device, which has not seen a packet that waits; nobody sends one again within a second.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Namespace, namespace } from '../../datapath/test/support/world.ts'
import { missing } from '../../ebpf/features.ts'
import { attachTcx } from '../../ebpf/link.ts'
import { openRoute } from '../../netlink/route.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter, type Router } from '../router.ts'
import { graphOf } from './support/compare.ts'

t.setTimeout(300_000)
const skip = missing('tcx')?.message ?? false

const fixture = fileURLToPath(new URL('./fixtures/exchange.ts', import.meta.url))

/** A veth pair from a router to a host with an address of 10.0.N.0/24, whose gateway is the router. */
const plug = async (router: Namespace, host: Namespace, device: string, net: number): Promise<void> => {
  await router.ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.name)
  await router.ip('link', 'set', device, 'addrgenmode', 'none', 'up')
  await host.ip('link', 'set', 'eth0', 'addrgenmode', 'none', 'up')
  await host.ip('address', 'add', `10.0.${net}.2/24`, 'dev', 'eth0')
  await host.ip('route', 'add', 'default', 'via', `10.0.${net}.1`)
}

const route = async (t: Test, space: Namespace, text: string): Promise<Router> => {
  const socket = openRoute({ namespace: space.path })
  const indices = new Map((await socket.links()).map(({ name, index }) => [name, index]))
  socket.close()
  const device = (name: string): number => indices.get(name) ?? 0
  const router = loadRouter(compile(graphOf(text), { device }))
  t.teardown(() => router.close())
  for (const { program, device: name, direction } of router.programs) {
    const link = attachTcx(program, { interfaceIndex: device(name), namespace: space.path }, direction)
    t.teardown(() => link.close())
  }
  return router
}

const end = (host: Namespace, ...args: readonly string[]) =>
  spawn('ip', ['netns', 'exec', host.name, process.execPath, fixture, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

const serve = async (t: Test, host: Namespace): Promise<void> => {
  const server = end(host, 'serve')
  const closed = once(server, 'close')
  t.teardown(async () => {
    server.kill('SIGKILL')
    await closed
  })
  await once(server.stdout, 'data')
}

const ask = async (host: Namespace, ...args: readonly string[]): Promise<unknown> => {
  const asker = end(host, ...args)
  const said: Buffer[] = []
  asker.stdout.on('data', (data: Buffer) => said.push(data))
  const [code] = await once(asker, 'close')
  if (code !== 0) throw new Error(`${args.join(' ')}: no answer`)
  return JSON.parse(Buffer.concat(said).toString())
}

/** A router of 10.0.1.0/24 at `left` and 10.0.2.0/24 at `right`; what goes to the right may be wrapped. */
const routerOf = (given = ''): string => `
  elementclass Side { $dev, $ip, $ether |
    FromDevice($dev) -> c :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -); c[3] -> Discard;
    c[0] -> ARPResponder($ip $ether) -> ToDevice($dev);
    c[1] -> [1] arp :: ARPQuerier($ip/24, $ether, ${given}) -> ToDevice($dev);
    c[2] -> Strip(14) -> CheckIPHeader -> GetIPAddress(16) -> output; input -> DecIPTTL -> arp };
  left :: Side(left, 10.0.1.1, 2:0:0:0:a:1); right :: Side(right, 10.0.2.1, 2:0:0:0:b:1);
  routes :: StaticIPLookup(10.0.1.0/24 0, 10.0.2.0/24 1); left, right -> routes => left, right`

for (const [name, given] of [
  ['', ''],
  [', where they are forgotten at once', 'TIMEOUT 0.02s, POLL_TIMEOUT 0'],
  [', where they are asked for all the time', 'POLL_TIMEOUT 0.001s'],
] as const) {
  t.test(
    `packets for unknown hosts arrive in their order, and a connection comes about${name}`,
    { skip },
    async (t) => {
      const [a, r, b] = [await namespace(t, 'a'), await namespace(t, 'r'), await namespace(t, 'b')]
      await plug(r, a, 'left', 1)
      await plug(r, b, 'right', 2)
      const router = await route(t, r, routerOf(given))
      await serve(t, b)
      t.same(await ask(a, 'datagrams', '10.0.2.2'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      t.equal(router.read('right/arp.length'), '0')
      for (const side of ['left', 'right']) router.write(`${side}/arp.clear`, '')
      const connectMs = Number(await ask(a, 'connect', '10.0.2.2'))
      t.ok(connectMs < 900, `${connectMs} ms`)
      for (const side of ['left', 'right']) {
        t.match(router.read(`${side}/arp.stats`), /^0 packets killed\n[1-9]/)
      }
    },
  )
}
