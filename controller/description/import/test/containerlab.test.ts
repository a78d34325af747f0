import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { errorsOf, readFile } from './support.ts'

t.test('nodes by defaults, kinds and groups, and both forms of links', async (t) => {
  const directory = t.testdir({ 'daemons.conf': 'zebra=yes\n' })
  const file = join(directory, 'lab.clab.yml')
  const lab = `\
name: Lab_1
mgmt: {network: fixed}
topology:
  defaults: {kind: linux, memory: 64mb}
  kinds:
    linux: {image: "registry.example/tool:1", sysctls: {net.ipv4.ip_forward: 1}}
    nokia_srlinux: {exec: [sr_cli x]}
  groups:
    big: {memory: 1.5Gb}
  nodes:
    srl: {kind: nokia_srlinux, type: ixrd3}
    r1:
      group: big
      cpu: 1.5
      binds: [daemons.conf:/etc/daemons:ro, /dev/kvm:/dev/kvm]
      env: {WORD: it's}
      exec: [ip address add 10.1.0.1/30 dev eth1, sh -c 'echo it'\\''s']
      mgmt-ipv4: 172.20.20.9
      restart-policy: on-failure
    r2: {image: debian-12}
    sw: {kind: bridge}
    out: {kind: host}
  links:
    - endpoints: ["srl:e1-1", "r1:eth1"]
    - endpoints: ["r1:net5", "r2:eth3"]
      mtu: 1500
    - type: veth
      endpoints:
        - {node: r2, interface: eth1, mac: "02:00:00:00:00:0A"}
        - {node: sw, interface: p7}
      ipv4: [10.2.0.1/24, ""]
    - endpoints: ["r1:eth9", "out:tap0"]
    - endpoints: ["r1:eth8", "mgmt-net:x"]
    - {type: vxlan, endpoint: {node: r1, interface: eth4}, vni: 3}
`
  writeFileSync(file, lab)
  const { yaml, notes } = await readFile(lab, file, { folder: directory })
  t.equal(
    yaml,
    `\
vnet: lab-1
nodes:
  srl: { memory: 64 MiB }
  r1:
    cpu: 1.5
    memory: 1536 MiB
    interfaces: { eth8: {}, eth9: {} }
    restart: on-failure
    start-up:
      files:
        /etc/daemons: |
          zebra=yes
      command: |-
        echo 1 > /proc/sys/net/ipv4/ip_forward
        export WORD='it'\\''s'
        ip address add 10.1.0.1/30 dev eth1
        echo it's
  r2:
    memory: 64 MiB
    image: debian-12
    interfaces: { eth1: { mac: 02:00:00:00:00:0a } }
    start-up:
      command: |-
        ip address add 10.2.0.1/24 dev eth1
        echo 1 > /proc/sys/net/ipv4/ip_forward
  sw:
    memory: 64 MiB
    hypervisor: lxc
    interfaces: { eth0: { anti-spoofing: off } }
    start-up:
      command: |-
        ip link add br0 type bridge
        for i in /sys/class/net/eth*; do ip link set "\${i##*/}" master br0 up; done
        ip link set br0 up
links:
  srl-r1: { ends: [ srl.1, r1.1 ] }
  r1-r2: { ends: [ r1.2, r2.3 ] }
  r2-sw: { ends: [ r2.1, sw.0 ] }
`,
  )
  t.same(
    notes.map((note) => note.replace(/^[0-9:]+ ?/, '')),
    [
      '"mgmt" is left out',
      '"image" is left out: "registry.example/tool:1" is a container image of a registry',
      'node/srl: "exec" is left out: it is for nokia_srlinux',
      'node/srl: kind "nokia_srlinux" is an ordinary node here: its system is not there',
      'node/srl: interfaces have other names: e1-1 is eth1',
      '"type" is left out',
      'node/r1: interfaces have other names: net5 is eth2',
      'node/r1: the bind "/dev/kvm:/dev/kvm" is left out: only files beside the lab can be put into a node',
      '"mgmt-ipv4" is left out',
      'node/sw: a bridge of the machine is a node here, a container that bridges',
      'node/out: the node is left out: kind "host" is outside of the lab',
      '"mtu" is left out',
      'a link to "out" is left out: it leads out of the lab',
      'a link to "mgmt-net" is left out: it leads out of the lab',
      'a link of type "vxlan" is left out: it leads out of the lab',
    ],
  )
})

t.test('it is known by its topology', async (t) => {
  const { yaml } = await readFile('name: x\ntopology:\n  nodes:\n    a:\n    b:\n', 'x.yaml')
  t.equal(yaml, 'vnet: x\nnodes:\n  a: {}\n  b: {}\n')
})

t.test('what is wrong is told with its line', async (t) => {
  const of = (links: string) =>
    errorsOf(`name: x\ntopology:\n  nodes: {a: {}, b: {}}\n  links:\n    - ${links}\n`, 'x.clab.yml')
  t.same(await of('endpoints: ["a:eth1", "c:eth1"]'), ['5:29: there is no node "c" | known: a, b'])
  t.same(await of('endpoints: ["a:eth1"]'), ['5:7: a link without two endpoints | endpoints: [a:eth1, b:eth1]'])
  t.same(await of('endpoints: [a, "b:eth1"]'), ['5:19: an end point names no node and interface | node:eth1'])
  t.same(await of('endpoints: ["a:eth1", "a:eth1"]'), [
    '5:29: interface "eth1" of a is an end of two links | another interface',
  ])
  t.same(await errorsOf('name: x\ntopology: 3\n', 'x.clab.yml'), [
    '1:1: the file has no topology | topology: with nodes and links',
  ])
})
