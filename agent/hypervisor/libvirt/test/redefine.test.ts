import t from 'tap'
import { parseMark } from '../metadata.ts'
import { withDirectory, withInterfaces } from '../redefine.ts'

const mark = { vnet: 'alice.shop', node: 'r1', slot: 7, digest: 'abc', interfaces: [0, 2] }

/** As libvirt 9.0 gives it back. */
const definition = `<domain type='lxc'>
  <name>weft-1</name>
  <metadata>
    <weft:node xmlns:weft="https://weft.dev/metadata/1" vnet="alice.shop" node="r1" slot="7" digest="old" interfaces="0 1"/>
  </metadata>
  <devices>
    <emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
    <filesystem type='mount' accessmode='passthrough'>
      <source dir='/interface'/>
      <target dir='/'/>
    </filesystem>
    <interface type='ethernet'>
      <mac address='02:00:00:00:00:00'/>
      <target dev='vif7.0'/>
      <guest dev='eth0'/>
      <link state='up'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </interface>
    <interface type='ethernet'>
      <mac address='02:00:00:00:00:01'/>
      <target dev='vif7.1'/>
    </interface>
    <console type='pty'>
      <target type='lxc' port='0'/>
    </console>
  </devices>
</domain>
`
const added = `    <interface type='ethernet'>
      <target dev='vif7.2'/>
    </interface>`

t.test('of a definition interfaces and mark become others, and nothing else', async (t) => {
  const next = withInterfaces(
    definition,
    new Map([
      ['vif7.0', 'not used'],
      ['vif7.2', added],
    ]),
    mark,
  )
  t.same(parseMark(next), mark)
  const gone = `    <interface type='ethernet'>
      <mac address='02:00:00:00:00:01'/>
      <target dev='vif7.1'/>
    </interface>
`
  const markOf = /<weft:node.*/
  t.equal(
    next.replace(markOf, ''),
    definition.replace(markOf, '').replace(gone, '').replace('  </devices>', `${added}\n  </devices>`),
  )
})

t.test('one that stays gets the MAC that is asked for, and keeps its own where none is', async (t) => {
  const asked = new Map([
    ['vif7.0', "<interface type='ethernet'><mac address='02:00:00:00:00:aa'/><target dev='vif7.0'/></interface>"],
    ['vif7.1', "<interface type='ethernet'><target dev='vif7.1'/></interface>"],
  ])
  const next = withInterfaces(definition, asked, { ...mark, interfaces: [0, 1] })
  const markOf = /<weft:node.*/
  const mac = '02:00:00:00:00:00'
  t.equal(next.replace(markOf, ''), definition.replace(markOf, '').replace(mac, '02:00:00:00:00:aa'))
})

t.test('all interfaces may go, and come back', async (t) => {
  const none = withInterfaces(definition, new Map(), { ...mark, interfaces: [] })
  t.notMatch(none, /<interface /)
  t.same(parseMark(none)?.interfaces, [])
  t.match(withInterfaces(none, new Map([['vif7.2', added]]), mark), `${added}\n  </devices>`)
})

t.test('what lay in the directory of a pool’s node lies in that of the node that it became', async (t) => {
  const paths = (directory: string): string =>
    `<source dir='/var/lib/weft/nodes/${directory}/root'/><source dir='/srv/images/n1/usr'/>`
  const to = { vnet: 'alice.shop', node: 'r1' }
  t.equal(withDirectory(paths('pool-small/n1'), { vnet: 'pool-small', node: 'n1' }, to), paths('alice.shop/r1'))
  const others = paths('pool-small/n11')
  t.equal(withDirectory(others, { vnet: 'pool-small', node: 'n1' }, to), others)
})
