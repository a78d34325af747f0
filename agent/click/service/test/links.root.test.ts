/** LinkSwitch in a router that stays: its links are there for who comes next. */
import t from 'tap'
import { missing } from '../../../ebpf/features.ts'
import { readConfiguration } from '../configuration.ts'
import { clickService } from '../service.ts'
import { makeLines } from './support.ts'

t.setTimeout(120_000)
const skip = missing('bpf')?.message ?? false
const click = (text: string) => readConfiguration(text, 'test.click')

t.test('links that were added stay over a swap, as long as their configuration string does', { skip }, async (t) => {
  const lines = await makeLines(t, ['a'])
  const service = clickService(lines.places)
  const own = await lines.index('a1')
  const text = (links: string, before: string): string =>
    `FromDevice(a1) -> ${before} l :: LinkSwitch(${links}) -> ToHost(a1)`
  await service.up('nic', click(text(`mpls 7 ${own}`, '')))
  await service.write('nic', 'l.add', `vxlan 5 192.0.2.1 192.0.2.2 ${own}`)
  t.equal(await service.read('nic', 'l.count'), '2')
  await service.swap('nic', click(text(`mpls 7 ${own}`, 'Counter ->')))
  t.equal(await service.read('nic', 'l.table'), `mpls 7 ${own}\nvxlan 5 192.0.2.1 192.0.2.2 ${own}\n`)
  // Another service, as in another process.
  await clickService(lines.places).write('nic', 'l.remove', 'mpls 7')
  await service.swap('nic', click(text(`mpls 8 ${own}`, '')))
  t.equal(await service.read('nic', 'l.table'), `mpls 8 ${own}\n`)
  await service.down('nic')
})

t.test('a switch of links is not for XDP', { skip }, async (t) => {
  const lines = await makeLines(t, ['a'])
  const service = clickService(lines.places)
  await t.rejects(service.up('nic', click('FromDevice(a1, ATTACH xdp) -> LinkSwitch -> ToHost(a1)')), {
    code: 'not-supported',
    message: /LinkSwitch.*a switch of links, in XDP, not supported/,
  })
  await t.rejects(service.up('vif', click('FromDevice(a1, ATTACH xdp) -> Strip(14) -> ToNeighbour(a1)')), {
    code: 'not-supported',
  })
})
