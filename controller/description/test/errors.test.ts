import t, { type Test } from 'tap'
import { parseRequest, RequestErrors } from '../parse.ts'

interface Expected {
  readonly where: string
  readonly code?: string
  readonly object: string
  readonly message: RegExp
  readonly hint?: RegExp
}

type Case = readonly [name: string, text: string, ...expected: Expected[]]

const yaml = (body: string): string => `vnet: shop\nprefix: 10.7.0.0/16\n${body}`
const ends = 'nodes: { a: {}, b: {}, c: {} }\n'
const xml = (nodes: string, links = '', head = 'name="shop"'): string =>
  `<vnet xmlns="https://weft.dev/vnet/1" ${head}>\n<nodes>\n${nodes}\n</nodes>\n<links>\n${links}\n</links>\n</vnet>`
const two = '<node id="a"/><node id="b"/>'

const check = async (t: Test, file: string, text: string, expected: readonly Expected[]) => {
  const thrown = await parseRequest(text, { file }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof RequestErrors)) return t.fail(`threw ${thrown}`)
  const found = thrown.errors.map(({ code, where, object, message, hint }) => ({ code, where, object, message, hint }))
  t.equal(found.length, expected.length, 'as many errors as expected', { found })
  for (const [i, { code = 'request.invalid', where, object, message, hint }] of expected.entries()) {
    t.match(found[i], { code, where: `${file}:${where}`, object, message, hint: hint ?? /./ }, `error ${i + 1}`, {
      found,
    })
  }
}

// biome-ignore format: a case a line
const yamlCases: readonly Case[] = [
  ['YAML that is not well-formed', 'vnet: a\nnodes: {a: [}', { code: 'request.syntax', where: '2:13', object: '', message: /not well-formed YAML/, hint: /^/ }],
  ['an empty file', '', { code: 'request.syntax', where: '1:1', object: '', message: /empty/ }],
  ['a list', '- a\n', { code: 'request.syntax', where: '1:1', object: '', message: /not a mapping/ }],
  ['a second document', `${yaml(ends)}---\na: 1\n`, { code: 'request.syntax', where: '4:1', object: '', message: /second document/ }],
  ['a NUL byte', 'vnet: a\n\0', { code: 'request.syntax', where: '2:1', object: '', message: /NUL/ }],
  ['a tag', yaml('nodes: { a: !!js/function x }\n'), { code: 'request.syntax', where: '3:13', object: '', message: /tag/, hint: /^/ }],
  ['a merge key', yaml('nodes:\n  a: &x {}\n  b: { <<: *x }\n'), { code: 'request.syntax', where: '5:8', object: '', message: /merge keys/, hint: /defaults/ }],
  ['an alias within its own anchor', yaml('nodes: &x { a: *x }\n'), { code: 'request.syntax', where: '3:16', object: '', message: /no anchor &x/, hint: /^/ }],
  ['a misspelt key at the top', `${yaml(ends)}linkz: {}\n`, { where: '4:1', object: 'vnet/shop', message: /no property "linkz"/, hint: /"links"/ }],
  ['a misspelt key of a node', yaml('nodes:\n  a:\n    memroy: 64 MiB\n'), { where: '5:5', object: 'node/a', message: /no property "memroy"/, hint: /"memory"/ }],
  ['a misspelt key of a link', yaml(`${ends}links:\n  x: { ends: [a, b], rat: 1 Mbit/s }\n`), { where: '5:22', object: 'link/x', message: /no property "rat"/, hint: /"rate"/ }],
  ['a misspelt word', yaml('nodes: { a: { hypervisor: lcx } }\n'), { where: '3:27', object: 'node/a', message: /cannot be "lcx"/, hint: /"lxc"/ }],
  ['a missing name', 'nodes: { a: {} }\n', { where: '1:1', object: 'vnet/', message: /lacks "vnet"/ }],
  ['missing nodes', 'vnet: shop\n', { where: '1:1', object: 'vnet/shop', message: /lacks "nodes"/, hint: /at least one/ }],
  ['no nodes', 'vnet: shop\nnodes: {}\n', { where: '2:8', object: 'vnet/shop', message: /empty/, hint: /at least one/ }],
  ['a name with a capital', 'vnet: Shop\nnodes: { a: {} }\n', { where: '1:7', object: 'vnet/Shop', message: /"Shop"/, hint: /lower-case/ }],
  ['a node with a dot', yaml('nodes: { a.b: {} }\n'), { where: '3:10', object: 'node/a.b', message: /"a.b"/, hint: /lower-case/ }],
  ['a link whose name is too long', yaml(`${ends}links:\n  ${'x'.repeat(41)}: [a, b]\n`), { where: '5:3', object: `link/${'x'.repeat(41)}`, message: /xxx/, hint: /at most 40/ }],
  ['a node twice', yaml('nodes:\n  a: {}\n  a: {}\n'), { where: '5:3', object: 'node/a', message: /"a" stands in nodes twice, first in line 4/ }],
  ['a key twice', yaml('nodes:\n  a: { cpu: 1, cpu: 2 }\n'), { where: '4:16', object: 'node/a', message: /"cpu" stands in nodes.a twice/ }],
  ['an interface twice', yaml('nodes:\n  a:\n    interfaces: { 0: {}, eth0: {} }\n'), { where: '5:26', object: 'node/a', message: /"eth0" stands in nodes.a.interfaces twice/ }],
  ['a link twice', yaml(`${ends}links:\n  x: [a, b]\n  x: [b, c]\n`), { where: '6:3', object: 'link/x', message: /twice, first in line 5/ }],
  ['an unknown node in a link', yaml('nodes: { web: {}, db: {} }\nlinks:\n  x: { ends: [wbe.0, db.0] }\n'), { where: '5:15', object: 'link/x', message: /no node "wbe"/, hint: /"web"/ }],
  ['an end that is none', yaml(`${ends}links:\n  x: [a.0, b.eth]\n`), { where: '5:12', object: 'link/x', message: /"b.eth"/, hint: /node.interface/ }],
  ['three ends', yaml(`${ends}links:\n  x: [a, b, c]\n`), { where: '5:6', object: 'link/x', message: /a list/, hint: /two ends/ }],
  ['an interface used twice', yaml(`${ends}links:\n  x: [a.0, b.0]\n  y: [c.0, a.eth0]\n`), { where: '6:12', object: 'link/y', message: /a.0 is an end of link x too/ }],
  ['a link of an interface with itself', yaml(`${ends}links:\n  x: [a.0, a.0]\n`), { where: '5:12', object: 'link/x', message: /both ends are a.0/ }],
  ['an interface beyond those declared', yaml('nodes: { a: { interfaces: 1 }, b: {} }\nlinks:\n  x: [a.1, b]\n'), { where: '5:7', object: 'link/x', message: /node a has 1 interface: there is no a.1/ }],
  ['more links than interfaces declared', yaml('nodes: { a: { interfaces: 1 }, b: {} }\nlinks:\n  x: [a, b]\n  y: [b, a]\n'), { where: '6:10', object: 'link/y', message: /there is no a.1/ }],
  ['a physical interface in a link', yaml('nodes: { a: { interfaces: { 0: { physical: shared } } }, b: {} }\nlinks:\n  x: [a.0, b]\n'), { where: '5:7', object: 'link/x', message: /shared physical interface/ }],
  ['memory without a unit', yaml('nodes: { a: { memory: 64 } }\n'), { where: '3:23', object: 'node/a', message: /"64"/, hint: /64 MiB/ }],
  ['memory of zero', yaml('nodes: { a: { memory: 0 MiB } }\n'), { where: '3:23', object: 'node/a', message: /more than zero/, hint: /64 MiB/ }],
  ['negative memory', yaml('nodes: { a: { memory: -64 MiB } }\n'), { where: '3:23', object: 'node/a', message: /"-64 MiB"/, hint: /64 MiB/ }],
  ['memory beyond numbers', yaml('nodes: { a: { memory: 99999999 TiB } }\n'), { where: '3:23', object: 'node/a', message: /more than 9007199254740991/ }],
  ['half a byte', yaml('nodes: { a: { memory: 0.5 B } }\n'), { where: '3:23', object: 'node/a', message: /whole number/ }],
  ['too little memory', yaml('nodes: { a: { memory: 1 kB } }\n'), { where: '3:23', object: 'node/a', message: /too few/, hint: /1 MiB/ }],
  ['a rate of zero', yaml(`${ends}links:\n  x: { ends: [a, b], rate: 0 bit/s }\n`), { where: '5:28', object: 'link/x', message: /more than zero/ }],
  ['a rate in another unit', yaml(`${ends}links:\n  x: { ends: [a, b], rate: 10 Mbps }\n`), { where: '5:28', object: 'link/x', message: /10 Mbps/, hint: /10 Mbit\/s/ }],
  ['a negative delay', yaml(`${ends}links:\n  x: { ends: [a, b], delay: -5 ms }\n`), { where: '5:29', object: 'link/x', message: /-5 ms/, hint: /5 ms/ }],
  ['no CPU', yaml('nodes: { a: { cpu: 0 } }\n'), { where: '3:20', object: 'node/a', message: /cpu/, hint: /0.5/ }],
  ['a CPU too finely cut', yaml('nodes: { a: { cpu: 0.0015 } }\n'), { where: '3:20', object: 'node/a', message: /thousandths/ }],
  ['a guarantee beyond the CPUs', yaml('nodes: { a: { cpu: { count: 1, quota: 1.5 } } }\n'), { where: '3:39', object: 'node/a', message: /1.5 CPUs are guaranteed to a node of 1/ }],
  ['infinite CPUs', yaml('nodes: { a: { cpu: .inf } }\n'), { where: '3:20', object: 'node/a', message: /inf/ }],
  ['a latitude alone', yaml('nodes: { a: { location: { latitude: 3 } } }\n'), { where: '3:25', object: 'node/a', message: /only one of latitude and longitude/ }],
  ['a latitude beyond the pole', yaml('nodes: { a: { location: { latitude: 91, longitude: 0 } } }\n'), { where: '3:37', object: 'node/a', message: /91/, hint: /-90 to 90/ }],
  ['a distance from nowhere', yaml('nodes: { a: { location: { name: x, within: 3 km } } }\n'), { where: '3:44', object: 'node/a', message: /needs coordinates/ }],
  ['an empty location', yaml('nodes: { a: { location: {} } }\n'), { where: '3:25', object: 'node/a', message: /names no place/ }],
  ['a lifetime without a unit', 'vnet: shop\nlifetime: "90"\nnodes: { a: {} }\n', { where: '2:11', object: 'vnet/shop', message: /lifetime cannot be "90"/, hint: /90 min/ }],
  ['no lifetime at all', 'vnet: shop\nlifetime: 0 h\nnodes: { a: {} }\n', { where: '2:11', object: 'vnet/shop', message: /more than zero/, hint: /2 h/ }],
  ['a lifetime of half a second', 'vnet: shop\nlifetime: 0.5 s\nnodes: { a: {} }\n', { where: '2:11', object: 'vnet/shop', message: /whole number of s/ }],
  ['a priority beyond all others', 'vnet: shop\npriority: 1001\nnodes: { a: {} }\n', { where: '2:11', object: 'vnet/shop', message: /priority cannot be "1001"/, hint: /-1000 to 1000/ }],
  ['a placement that there is not', 'vnet: shop\nplacement: pack\nnodes: { a: {} }\n', { where: '2:12', object: 'vnet/shop', message: /placement cannot be "pack"/, hint: /"packed"/ }],
  ['an affinity that there is not', `vnet: shop\naffinity: [{ near: [a, b] }]\n${ends}`, { where: '2:14', object: 'vnet/shop', message: /no property "near"/, hint: /together, apart/ }],
  ['affinity of one node', `vnet: shop\naffinity: [{ apart: [a] }]\n${ends}`, { where: '2:21', object: 'vnet/shop', message: /affinity.0.apart cannot be a list/, hint: /at least two nodes/ }],
  ['affinity to a node that is not there', `vnet: shop\naffinity: [{ apart: [a, d] }]\n${ends}`, { where: '2:25', object: 'vnet/shop', message: /no node "d"/ }],
  ['affinity of a node to itself', `vnet: shop\naffinity: [{ apart: [a, b, a] }]\n${ends}`, { where: '2:28', object: 'vnet/shop', message: /apart names a twice/ }],
  ['nodes that are together, over others, and apart', `vnet: shop\naffinity: [together: [a, b], together: [b, c], apart: [c, a]]\n${ends}`, { where: '2:48', object: 'vnet/shop', message: /c and a cannot be apart: they are together/ }],
  ['nodes that are together on distinct hosts', `vnet: shop\nplacement: distinct\naffinity: [together: [a, b]]\n${ends}`, { where: '3:12', object: 'vnet/shop', message: /cannot be together/, hint: /spread or packed/ }],
  ['a prefix that is none', 'vnet: shop\nprefix: 10.7.0.0/33\nnodes: { a: {} }\n', { where: '2:9', object: 'vnet/shop', message: /no address/ }],
  ['a prefix with host bits', 'vnet: shop\nprefix: 10.7.1.0/16\nnodes: { a: {} }\n', { where: '2:9', object: 'vnet/shop', message: /the subnet is 10.7.0.0\/16/ }],
  ['a prefix of loopback addresses', 'vnet: shop\nprefix: 127.0.0.0/8\nnodes: { a: {} }\n', { where: '2:9', object: 'vnet/shop', message: /loopback/ }],
  ['a prefix too small', `vnet: shop\nprefix: 10.7.0.0/30\n${ends}links: { x: [a, b], y: [b, c], z: [a, c] }\n`, { where: '2:9', object: 'vnet/shop', message: /room for 1 of the 3 links/, hint: /\/28/ }],
  ['an address that is none', yaml('nodes: { a: { interfaces: { 0: { addresses: 10.7.0.1 } } } }\n'), { where: '3:45', object: 'node/a', message: /10.7.0.1/, hint: /10.7.0.1\/30/ }],
  ['an address out of range', yaml('nodes: { a: { interfaces: { 0: { addresses: [10.7.0.1/30, 10.7.0.300/30] } } } }\n'), { where: '3:59', object: 'node/a', message: /no address/ }],
  ['a network address', yaml('nodes: { a: { interfaces: { 0: { addresses: 10.7.0.4/30 } } } }\n'), { where: '3:45', object: 'node/a', message: /network address/ }],
  ['a broadcast address', yaml('nodes: { a: { interfaces: { 0: { addresses: 10.7.0.7/30 } } } }\n'), { where: '3:45', object: 'node/a', message: /broadcast address/ }],
  ['a multicast address', yaml('nodes: { a: { interfaces: { 0: { addresses: 224.0.0.5/24 } } } }\n'), { where: '3:45', object: 'node/a', message: /unicast/ }],
  ['an address twice', yaml( 'nodes:\n  a: { interfaces: { 0: { addresses: 10.7.0.1/30 } } }\n  b: { interfaces: { 0: { addresses: 10.7.0.1/30 } } }\nlinks: { x: [a.0, b.0] }\n', ), { where: '5:38', object: 'node/b', message: /a.0 has this address too/ }],
  ['ends in two subnets', yaml( 'nodes:\n  a: { interfaces: { 0: { addresses: 10.7.0.1/30 } } }\n  b: { interfaces: { 0: { addresses: 10.7.0.6/30 } } }\nlinks: { x: [a.0, b.0] }\n', ), { where: '6:10', object: 'link/x', message: /share no subnet/ }],
  ['an end without an address', yaml('nodes:\n  a: { interfaces: { 0: { addresses: 10.7.0.1/30 } } }\n  b: {}\nlinks: { x: [a.0, b.0] }\n'), { where: '6:10', object: 'link/x', message: /only one of the two ends/ }],
  ['links that overlap', yaml( 'nodes:\n  a: { interfaces: { 0: { addresses: 10.7.0.1/24 }, 1: { addresses: 10.7.0.5/30 } } }\n  b: { interfaces: { 0: { addresses: 10.7.0.2/24 }, 1: { addresses: 10.7.0.6/30 } } }\nlinks: { x: [a.0, b.0], y: [a.1, b.1] }\n', ), { where: '4:69', object: 'node/a', message: /10.7.0.4\/30 of link y overlaps 10.7.0.0\/24 of link x/ }],
  ['a MAC address that is none', yaml('nodes: { a: { interfaces: { 0: { mac: 02-00-00-00-00-01 } } } }\n'), { where: '3:39', object: 'node/a', message: /02-00/, hint: /02:00/ }],
  ['a multicast MAC address', yaml('nodes: { a: { interfaces: { 0: { mac: 01:00:5e:00:00:01 } } } }\n'), { where: '3:39', object: 'node/a', message: /multicast/ }],
  ['a MAC address twice', yaml( 'nodes:\n  a: { interfaces: { 0: { mac: 02:00:00:00:00:0a } } }\n  b: { interfaces: { 0: { mac: 02:00:00:00:00:0A } } }\n', ), { where: '5:32', object: 'node/b', message: /a.0 has the MAC address/ }],
  ['a bridge under ipip', yaml(`${ends}links:\n  x: { ends: [a.0, b.0], technology: ipip }\n`), { where: '5:15', object: 'link/x', message: /ipip cannot be bridged at a.0/, hint: /click/ }, { where: '5:20', object: 'link/x', message: /at b.0/ }],
  ['a file path that climbs', yaml('nodes: { a: { start-up: { files: { /etc/../x: hello } } } }\n'), { where: '3:36', object: 'node/a', message: /not a path/ }],
  ['a relative file path', yaml('nodes: { a: { start-up: { files: { etc/x: hello } } } }\n'), { where: '3:36', object: 'node/a', message: /etc\/x/, hint: /absolute/ }],
  ['a mode that is none', yaml('nodes: { a: { start-up: { files: { /x: { content: y, mode: "0999" } } } } }\n'), { where: '3:60', object: 'node/a', message: /0999/, hint: /octal/ }],
  ['content and source', yaml('nodes: { a: { start-up: { files: { /x: { content: y, source: z } } } } }\n'), { where: '3:54', object: 'node/a', message: /either content or source/ }],
  ['control characters in a file', yaml('nodes: { a: { start-up: { files: { /x: "\\e[0m" } } } }\n'), { where: '3:36', object: 'node/a', message: /control characters/ }],
  ['an unknown variable', yaml('nodes: { a: { variables: { loopback: 10.0.0.1 }, start-up: { command: "echo {{lopback}}" } } }\n'), { where: '3:71', object: 'node/a', message: /no variable "lopback"/, hint: /"loopback"/ }],
  ['a guard that is neither on nor off', yaml('nodes: { a: { interfaces: { 0: { anti-spoofing: { ip: offf } } } } }\n'), { where: '3:55', object: 'node/a', message: /anti-spoofing.ip cannot be "offf"/, hint: /"off"/ }],
  ['a guard that there is not', yaml('nodes: { a: { interfaces: { 0: { anti-spoofing: { ipv4: off } } } } }\n'), { where: '3:51', object: 'node/a', message: /no property "ipv4"/, hint: /known: mac, ip/ }],
  ['a word for anti-spoofing that there is not', yaml('nodes: { a: { interfaces: { 0: { anti-spoofing: maybe } } } }\n'), { where: '3:49', object: 'node/a', message: /cannot be "maybe"/, hint: /on, off, or a mapping/ }],
  ['a YAML 1.1 boolean for anti-spoofing', yaml('nodes: { a: { interfaces: { 0: { anti-spoofing: false } } } }\n'), { where: '3:49', object: 'node/a', message: /cannot be "false"/, hint: /on, off/ }],
  ['a link that is half down', yaml(`${ends}links:\n  x: { ends: [a, b], down: yes }\n`), { where: '5:28', object: 'link/x', message: /down cannot be "yes"/, hint: /true or false/ }],
  ['a loss without a unit', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { loss: 0.1 } }\n`), { where: '5:43', object: 'link/x', message: /loss cannot be "0.1"/, hint: /0.1 %/ }],
  ['a loss of more than all', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { loss: 100.1 % } }\n`), { where: '5:43', object: 'link/x', message: /"100.1 %" is more than 100 %/, hint: /0 to 100 %/ }],
  ['a loss too finely cut', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { b-to-a: { loss: 0.00001 % } } }\n`), { where: '5:53', object: 'link/x', message: /finer than 0.0001 %/, hint: /0.1 %/ }],
  ['an added delay of more than a minute', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { delay: 61 s } }\n`), { where: '5:44', object: 'link/x', message: /delay of an impairment cannot be 61000000 us/, hint: /60 s/ }],
  ['an added delay in minutes', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { delay: 1 min } }\n`), { where: '5:44', object: 'link/x', message: /1 min/, hint: /added to the delay.*10 ms/ }],
  ['a jitter beyond its delay', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { a-to-b: { delay: 1 ms, jitter: 2 ms } } }\n`), { where: '5:68', object: 'link/x', message: /jitter of 2000 us is more than the delay, 1 ms/ }],
  ['a jitter without a delay', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { a-to-b: { jitter: 2 ms } } }\n`), { where: '5:55', object: 'link/x', message: /jitter needs a delay/ }],
  ['reordering without a delay', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { b-to-a: { reorder: 1 % } } }\n`), { where: '5:56', object: 'link/x', message: /reorder needs a delay/ }],
  ['a direction that there is not', yaml(`${ends}links:\n  x: { ends: [a, b], impairments: { a-to-c: {} } }\n`), { where: '5:37', object: 'link/x', message: /no property "a-to-c"/, hint: /"a-to-b"/ }],
  ['a host that forwards for no container', yaml('nodes: { a: { hypervisor: kvm, forwarding: host } }\n'), { where: '3:44', object: 'node/a', message: /no container but of hypervisor "kvm"/, hint: /lxc/ }],
  ['a host that forwards over a bridge', yaml('nodes: { a: { forwarding: host }, b: {} }\nlinks: { x: [a, b] }\n'), { where: '3:27', object: 'node/a', message: /interface a.0, an end of link x, is not joined by Click/, hint: /forwarding click for a.0/ }],
  ['forwarding of a node by Click', yaml('nodes: { a: { forwarding: click } }\n'), { where: '3:27', object: 'node/a', message: /"click"/, hint: /guest, host/ }],
  ['own Click on a bridge', yaml('nodes: { a: { interfaces: { 0: { click: input -> output } } } }\n'), { where: '3:41', object: 'node/a', message: /a.0 has Click of its own and is not joined to a link by Click/, hint: /forwarding click/ }],
  ['empty Click', yaml('nodes: { a: { interfaces: { 0: { forwarding: click, click: "" } } } }\n'), { where: '3:60', object: 'node/a', message: /click cannot be ""/, hint: /input -> Counter -> output/ }],
  ['errors in Click, at their lines in the file', yaml('nodes:\n  a:\n    interfaces:\n      0:\n        forwarding: click\n        click: |\n          // no way out\n          input -> c :: Countre -> output;\n\n          Idle -> ToDevice(eth0);\n'), { where: '10', object: 'node/a', message: /^a.0.click:2: unknown element class 'Countre'/ }],
  ['errors in Click of all its lines', yaml('nodes:\n  a:\n    interfaces:\n      0:\n        forwarding: click\n        click: |\n          input -> t :: Tee -> output;\n          t[1] -> ToHost;\n\n          Idle -> d :: ToDevice(eth0);\n'), { where: '10', object: 'node/a', message: /^a.0.click:2: 'ToHost@2 :: ToHost' cannot stand/ }, { where: '12', object: 'node/a', message: /^a.0.click:4: 'd :: ToDevice' cannot stand.*interface of the host/ }],
  ['errors in Click whose lines are none of the file', yaml('nodes: { a: { interfaces: { 0: { forwarding: click, click: "input ->\\n output;\\n Idle -> ToHost" } } } }\n'), { where: '3:60', object: 'node/a', message: /^a.0.click:3:/ }],
  ['several errors at once, in the order of the file', yaml( 'nodes:\n  a: { memory: 1 XB }\n  b: { hypervisor: zen }\nlinks:\n  x: [a, c]\n  y: { ends: [a, b], delay: 0 s }\n', ), { where: '4:16', object: 'node/a', message: /1 XB/ }, { where: '5:20', object: 'node/b', message: /zen/, hint: /"xen"/ }, { where: '7:10', object: 'link/x', message: /no node "c"/ }, { where: '8:29', object: 'link/y', message: /zero/ }],
]

// biome-ignore format: a case a line
const xmlCases: readonly Case[] = [
  ['XML that is not well-formed', xml('<node id="a">'), { code: 'request.syntax', where: '4:9', object: '', message: /mismatch/, hint: /^/ }, { code: 'request.syntax', where: '8:8', object: '', message: /./, hint: /^/ }],
  ['an empty file', '', { code: 'request.syntax', where: '1:1', object: '', message: /empty/, hint: /^/ }],
  ['another root', '<html/>', { where: '1:1', object: 'vnet/', message: /<html> is not a VNet request/, hint: /xmlns/ }],
  ['a missing namespace', '<vnet name="a"><nodes/></vnet>', { where: '1:1', object: 'vnet/a', message: /<vnet> is not a VNet request/, hint: /xmlns="https:\/\/weft.dev\/vnet\/1"/ }],
  ['a document type', '<?xml version="1.0"?>\n<!DOCTYPE vnet SYSTEM "http://127.0.0.1/x.dtd">\n<vnet/>', { code: 'request.syntax', where: '2:1', object: '', message: /document type/ }],
  ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?>\n<vnet/>', { code: 'request.syntax', where: '1:1', object: '', message: /ISO-8859-1/, hint: /UTF-8/ }],
  ['an entity that nobody declared', xml('<node id="a" location="&town;"/>'), { code: 'request.syntax', where: '3:30', object: '', message: /town/, hint: /^/ }],
  ['a misspelt attribute', xml('<node id="a"\n  memroy="64 MiB"/>'), { where: '4:11', object: 'node/a', message: /<node> has no attribute "memroy"/, hint: /"memory"/ }],
  ['a misspelt element', xml('<nod id="a"/>'), { where: '3:1', object: 'vnet/shop', message: /no element <nod>/, hint: /"node"/ }],
  ['an element out of place', xml('<node id="a"><command/></node>'), { where: '3:14', object: 'node/a', message: /<command> cannot stand here/, hint: /<location>/ }],
  ['a missing attribute', xml(two, '<link id="x" a="a.0"/>'), { where: '6:1', object: 'link/x', message: /lacks the attribute "b"/, hint: /node.interface/ }],
  ['text where there can be none', xml('<node id="a">hello</node>'), { where: '3:1', object: 'node/a', message: /cannot hold text/ }],
  ['a misspelt word', xml('<node id="a" hypervisor="lcx"/>'), { where: '3:26', object: 'node/a', message: /hypervisor of <node> cannot be "lcx"/, hint: /"lxc"/ }],
  ['memory without a unit', xml('<node id="a" memory="64"/>'), { where: '3:22', object: 'node/a', message: /memory of <node> cannot be "64"/, hint: /64 MiB/ }],
  ['a number out of range', xml('<node id="a"><cpu count="0"/></node>'), { where: '3:26', object: 'node/a', message: /count of <cpu> cannot be "0"/, hint: /1 to 1024/ }],
  ['no nodes', '<vnet xmlns="https://weft.dev/vnet/1" name="shop">\n<nodes/>\n</vnet>', { where: '2:1', object: 'vnet/shop', message: /<nodes> lacks a child element/, hint: /node/ }],
  ['a name with a capital', xml(two, '', 'name="Shop"'), { where: '1:45', object: 'vnet/Shop', message: /"Shop"/, hint: /lower-case/ }],
  ['a node twice', xml('<node id="a"/>\n<node id="a"/>'), { where: '4:11', object: 'node/a', message: /twice, first in line 3/ }],
  ['an unknown node', xml('<node id="web"/>', '<link id="x" a="web.0"\n b="wbe.0"/>'), { where: '7:5', object: 'link/x', message: /no node "wbe"/, hint: /"web"/ }],
  ['an interface twice', xml('<node id="a"><interface index="0"/><interface index="eth0"/></node>'), { where: '3:54', object: 'node/a', message: /twice/ }],
  ['a location twice', xml('<node id="a" location="x"><location name="y"/></node>'), { where: '3:27', object: 'node/a', message: /"location" stands in nodes.a twice/ }],
  ['an address twice', xml('<node id="a"><interface index="0" addresses="10.0.0.1/30 10.0.0.1/30"/></node>'), { where: '3:46', object: 'node/a', message: /a.0 has this address too/ }],
  ['a guard that is neither on nor off', xml('<node id="a"><interface index="0"><anti-spoofing ip="offf"/></interface></node>'), { where: '3:54', object: 'node/a', message: /ip of <anti-spoofing> cannot be "offf"/, hint: /"off"/ }],
  ['anti-spoofing twice', xml('<node id="a"><interface index="0" anti-spoofing="off"><anti-spoofing ip="on"/></interface></node>'), { where: '3:55', object: 'node/a', message: /"anti-spoofing" stands in .*0 twice/ }],
  ['a misspelt impairment', xml(two, '<link id="x" a="a.0" b="b.0"><impairments delai="1 ms"/></link>'), { where: '6:50', object: 'link/x', message: /<impairments> has no attribute "delai"/, hint: /"delay"/ }],
  ['a loss without a unit', xml(two, '<link id="x" a="a.0" b="b.0"><impairments><b-to-a loss="1"/></impairments></link>'), { where: '6:57', object: 'link/x', message: /loss of <b-to-a> cannot be "1"/, hint: /0.1 %/ }],
  ['reordering without a delay', xml(two, '<link id="x" a="a.0" b="b.0"><impairments reorder="1 %"/></link>'), { where: '6:52', object: 'link/x', message: /reorder needs a delay/ }],
  ['errors in Click, at their lines in the file', xml('<node id="a"><interface index="0" forwarding="click">\n<click><![CDATA[// one\ninput -> ToHost; Idle -> output\n]]></click></interface></node>'), { where: '5', object: 'node/a', message: /^a.0.click:2: 'ToHost@1 :: ToHost' cannot stand/ }],
  ['the nearest position of what stands in no line', xml(two, '<link id="x" a="a.0" b="b.0" technology="ipip"/>'), { where: '6:17', object: 'link/x', message: /at a.0/ }, { where: '6:25', object: 'link/x', message: /at b.0/ }],
]

for (const [file, cases] of [
  ['bad.yaml', yamlCases],
  ['bad.xml', xmlCases],
] as const) {
  for (const [name, text, ...expected] of cases) {
    t.test(`${file}: ${name}`, (t) => check(t, file, text, expected))
  }
}

t.test('errors of JSON', async (t) => {
  await check(t, 'bad.json', '{"vnet": "a",}', [
    { code: 'request.syntax', where: '1:14', object: '', message: /not well-formed JSON/, hint: /^/ },
  ])
  await check(t, 'bad.json', '{\n  "vnet": "a", # YAML would take that\n  "nodes": {"a": {}}\n}', [
    { code: 'request.syntax', where: '2:16', object: '', message: /not well-formed JSON/, hint: /^/ },
  ])
  await check(t, 'bad.json', '{\n"vnet": "a",\n"nodes": {"a": {"memory": 64}}\n}', [
    { where: '3:27', object: 'node/a', message: /"64"/ },
  ])
})

t.test('encodings other than UTF-8 are refused', async (t) => {
  const refuse = (bytes: Uint8Array, where: string, message: RegExp) =>
    t.rejects(parseRequest(bytes, { file: 'f.yaml' }), {
      errors: [{ code: 'request.syntax', where, message, hint: /UTF-8/ }],
    })
  await refuse(Buffer.from('\ufeffvnet: a\n', 'utf16le'), 'f.yaml', /UTF-16/)
  await refuse(Buffer.from([0xfe, 0xff, 0, 0x61]), 'f.yaml', /UTF-16/)
  await refuse(Buffer.from('vnet: a\nnodes: { é: {} }', 'latin1'), 'f.yaml:2:10', /not UTF-8/)
  const marked = await parseRequest(Buffer.from('\ufeffvnet: a\nnodes: { a: {} }\n'), { file: 'f.yaml' })
  t.equal(marked.request.name, 'a')
})

t.test('of very many errors a hundred are kept and the others counted', async (t) => {
  const nodes = Array.from({ length: 900 }, (_, i) => `  n${i}: { memory: 1 }`).join('\n')
  const thrown: RequestErrors = await parseRequest(`vnet: a\nnodes:\n${nodes}\n`, { file: 'f.yaml' }).then(
    () => t.fail('accepted'),
    (error) => error,
  )
  t.equal(thrown.errors.length, 100)
  t.equal(thrown.omitted, 800)
  t.equal(thrown.message, 'f.yaml:3:17: nodes.n0.memory cannot be "1" (and 899 more)')
})
