import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { testRun } from '../../ebpf/test-run.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter, type Router } from '../router.ts'
import { graphOf } from './support/compare.ts'

const skip = missing('bpf')?.message ?? false
t.setTimeout(300_000)

const load = (t: { teardown(work: () => void): void }, text: string): Router => {
  const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
  t.teardown(() => router.close())
  return router
}

/** Of the loopback, which every namespace has. */
const device = 1

const vxlan = (vni: number): Buffer => {
  const frame = Buffer.alloc(14 + 20 + 16 + 60)
  frame.writeUInt16BE(0x0800, 12)
  const head = frame.subarray(14)
  head[0] = 0x45
  head.writeUInt16BE(head.length, 2)
  head[8] = 64
  head[9] = 17
  head.set([192, 0, 2, 1, 192, 0, 2, 2], 12)
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += head.readUInt16BE(at)
  head.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 10)
  head.writeUInt16BE(4789, 22)
  head.writeUInt16BE(head.length - 20, 24)
  head[28] = 8
  head.writeUIntBE(vni, 32, 3)
  return frame
}

/** TC_ACT_REDIRECT; what another output leads to lets pass. */
const redirected = 7

const send = (router: Router, vni: number): number => {
  const program = router.programs[0]?.program
  if (!program) throw new Error('no program')
  return testRun(program, { data: vxlan(vni) }).result
}

t.test('links come, change and go while packets flow', { skip }, async (t) => {
  const router = load(t, `FromDevice(in) -> l :: LinkSwitch(mpls 7 ${device}) -> ToHost`)
  t.equal(router.read('l.table'), 'mpls 7 1\n')
  t.not(send(router, 5), redirected)
  router.write('l.add', `vxlan 5 192.0.2.1 192.0.2.2 ${device}`)
  router.write('l.add', `gre - 192.0.2.1 192.0.2.2 ${device}`)
  router.write('l.add', `gre 4294967295 192.0.2.1 192.0.2.2 ${device}`)
  router.write('l.add', `etherip 192.0.2.1 192.0.2.2 ${device}`)
  router.write('l.add', `ipip 192.0.2.1 192.0.2.2 ${device} 2:0:0:0:0:a 2:0:0:0:0:b`)
  router.write('l.add', `vlan 4094 ${device}`)
  router.write('l.add', `qinq 7 9 ${device} PEER 2:0:0:0:0:a`)
  router.write('l.set', `ipip 192.0.2.1 192.0.2.2 ${device} 2:0:0:0:0:a 2:0:0:0:0:b PEER`)
  t.same(router.read('l.table').split('\n'), [
    'etherip 192.0.2.1 192.0.2.2 1',
    'gre - 192.0.2.1 192.0.2.2 1',
    'gre 4294967295 192.0.2.1 192.0.2.2 1',
    'ipip 192.0.2.1 192.0.2.2 1 02-00-00-00-00-0A 02-00-00-00-00-0B PEER',
    'mpls 7 1',
    'qinq 7 9 1 PEER 02-00-00-00-00-0A',
    'vlan 4094 1',
    'vxlan 5 192.0.2.1 192.0.2.2 1',
    '',
  ])
  t.equal(send(router, 5), redirected)
  t.equal(send(router, 5), redirected)
  t.not(send(router, 6), redirected)
  t.equal(router.read('l.counts vxlan 5 192.0.2.1 192.0.2.2'), '2 120')
  router.write('l.set', 'vxlan 5 192.0.2.1 192.0.2.2 77')
  t.match(router.read('l.table'), /^vxlan 5 192.0.2.1 192.0.2.2 77$/m)
  t.equal(router.read('l.counts vxlan 5 192.0.2.1 192.0.2.2'), '2 120', 'a link that is changed goes on counting')
  t.match(router.read('l.counts'), /^2 120 vxlan 5 192.0.2.1 192.0.2.2$/m)
  router.write('l.remove', 'vxlan 5 192.0.2.1 192.0.2.2')
  t.not(send(router, 5), redirected)
  t.equal(router.read('l.count'), '7')
})

t.test('what is wrong is refused, with what would be right', { skip }, async (t) => {
  const router = load(t, 'FromDevice(in) -> l :: LinkSwitch(vxlan 5 192.0.2.1 192.0.2.2 1) -> ToHost')
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['add', 'vxlan 5 192.0.2.1 192.0.2.2 3', /there is a link vxlan 5 192.0.2.1 192.0.2.2 already/],
    ['add', 'vxlan 16777216 192.0.2.1 192.0.2.2 3', /expected a VNI, up to 16777215/],
    ['add', 'vxlan 5 192.0.2.1 3', /expected vxlan VNI REMOTE LOCAL$/],
    ['add', 'vxlan 5 192.0.2.1 192.0.2.3', /expected vxlan VNI REMOTE LOCAL INTERFACE \[PEER ETHER\]$/],
    ['add', 'vxlan 5 192.0.2.1 192.0.2.3 0', /no interface has the index 0/],
    ['add', 'ipip 192.0.2.1 192.0.2.3 4', /expected ipip REMOTE LOCAL INTERFACE ETHER FAR \[PEER\]$/],
    ['add', 'gre x 192.0.2.1 192.0.2.3 4', /expected a KEY, up to 4294967295, or -$/],
    ['add', 'mpls 1048576 4', /expected mpls LABEL, up to 1048575$/],
    ['add', 'geneve 4', /expected vxlan, gre, etherip, ipip, mpls, vlan, qinq, not 'geneve'/],
    ['add', 'vlan 0 4', /expected vlan ID, 1 to 4094$/],
    ['add', 'vlan 4095 4', /expected vlan ID, 1 to 4094$/],
    ['add', 'qinq 5 4', /expected qinq SERVICE CUSTOMER INTERFACE \[PEER ETHER\]$/],
    ['add', 'vlan 5 4 PEER', /expected vlan ID INTERFACE/],
    ['add', 'vlan 5 4 2:0:0:0:0:1', /expected vlan ID INTERFACE/],
    ['add', 'vlan 5 4 2:0:0:0:0:1 PEER', /expected vlan ID INTERFACE/],
    ['add', 'ipip 192.0.2.1 192.0.2.2 4 PEER 2:0:0:0:0:a 2:0:0:0:0:b', /expected ipip REMOTE/],
    ['add', 'qinq 5 0 4', /expected qinq SERVICE CUSTOMER, 1 to 4094 each$/],
    ['remove', 'vxlan 6 192.0.2.1 192.0.2.2', /there is no link vxlan 6 192.0.2.1 192.0.2.2/],
    ['remove', 'vxlan 5 192.0.2.1 192.0.2.2 1', /expected vxlan VNI REMOTE LOCAL and no more/],
  ]
  for (const [handler, text, message] of wrong) {
    t.throws(() => router.write(`l.${handler}`, text), { code: 'config.invalid', message }, `${handler} ${text}`)
  }
  t.throws(() => router.read('l.counts vxlan 6 192.0.2.1 192.0.2.2'), { code: 'config.invalid' })
  t.equal(router.read('l.table'), 'vxlan 5 192.0.2.1 192.0.2.2 1\n')
})

t.test('100,000 links are found as fast as one, and there is a bound', { skip }, async (t) => {
  const router = load(t, 'FromDevice(in) -> l :: LinkSwitch -> ToHost')
  const program = router.programs[0]?.program
  if (!program) throw new Error('no program')
  const time = (vni: number): number =>
    Math.min(...Array.from({ length: 5 }, () => testRun(program, { data: vxlan(vni), repeat: 1 }).durationNs))
  const add = (vni: number): void => router.write('l.add', `vxlan ${vni} 192.0.2.1 192.0.2.2 ${device}`)
  add(0)
  const first = time(0)
  const start = performance.now()
  for (let vni = 1; vni < 100_000; vni++) add(vni)
  t.comment(`${Math.round(performance.now() - start)} ms to add; ${first} ns and then ${time(99_999)} ns a packet`)
  t.equal(send(router, 99_999), redirected)
  t.equal(router.read('l.count'), '100000')
  for (let vni = 100_000; vni < 131_072; vni++) add(vni)
  t.throws(() => add(131_072), { code: 'config.invalid', message: /no room for more than 131072 links/ })
})
