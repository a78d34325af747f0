import t from 'tap'
import { create } from '../../proto/codec.ts'
import { reportOf } from '../demo/demo.ts'
import { createNarrator, linkTable, nodeTable } from '../demo/narrator.ts'
import { readOptions } from '../demo/options.ts'
import { type Ping, type PingResult, pingAll, planPings, readPing } from '../demo/pings.ts'

const request = create('VNetRequest', {
  name: 'pair',
  nodes: [
    { id: 'a', interfaces: [{ index: 0, addresses: ['10.0.0.1/30'] }, { index: 3 }] },
    { id: 'b', interfaces: [{ index: 1, addresses: ['10.0.0.2/30', '10.9.9.9/32'] }, { index: 2 }] },
  ],
  links: [
    { id: 'l', a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 1 } },
    { id: 'bare', a: { node: 'a', interface: 3 }, b: { node: 'b', interface: 2 } },
  ],
})

const state = create('VNetState', {
  vnet: 'pair',
  request,
  nodes: [
    { id: 'a', host: 'west', state: 'OBJECT_STATE_READY', vifs: [{ name: 'vif1.0' }, { name: 'vif1.3' }] },
    { id: 'b', host: 'east', state: 'OBJECT_STATE_FAILED' },
  ],
  links: [
    { id: 'l', state: 'OBJECT_STATE_READY', technology: 'vxlan', mtu: 1500, path: ['west', 'centre', 'east'] },
    { id: 'bare', state: 'OBJECT_STATE_READY', mtu: 1500, path: ['west'] },
  ],
})

const results: readonly PingResult[] = [
  { link: 'l', from: 'a', to: 'b', address: '10.0.0.2', passed: true, milliseconds: 0.254, reason: '' },
  {
    link: 'l',
    from: 'b',
    to: 'a',
    address: '10.0.0.1',
    passed: false,
    milliseconds: undefined,
    reason: '100% packet loss',
  },
]

t.test('each end of a link pings the address of the other; an end without one is not pinged', async (t) => {
  t.same(planPings(request), [
    { link: 'l', from: 'a', to: 'b', address: '10.0.0.2' },
    { link: 'l', from: 'b', to: 'a', address: '10.0.0.1' },
  ])
})

t.test('what ping says is read: iputils, BusyBox, failures', async (t) => {
  const ping: Ping = { link: 'l', from: 'a', to: 'b', address: '10.0.0.2' }
  const said = (exitStatus: number, stdout: string, stderr = '') =>
    readPing(ping, create('ExecResult', { exitStatus, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }))
  t.match(said(0, '64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.254 ms\n'), { passed: true, milliseconds: 0.254 })
  t.match(said(0, '64 bytes from 10.0.0.2: seq=0 ttl=64 time=1 ms\n'), { passed: true, milliseconds: 1 })
  t.match(said(1, '1 packets transmitted, 0 received, 100% packet loss, time 0ms\n'), {
    passed: false,
    milliseconds: undefined,
    reason: '100% packet loss',
  })
  t.match(said(2, '', 'ping: connect: Network is unreachable\n'), { reason: 'ping: connect: Network is unreachable' })
  t.match(said(127, ''), { reason: 'exit status 127' })
})

t.test('pings run some at a time and come back in their order', async (t) => {
  const pings = Array.from({ length: 10 }, (_, i): Ping => ({ link: `l${i}`, from: 'a', to: 'b', address: '::1' }))
  let running = 0
  let most = 0
  const told: string[] = []
  const one = async (ping: Ping): Promise<PingResult> => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, ping.link === 'l0' ? 30 : 1))
    running--
    return { ...ping, passed: true, milliseconds: 1, reason: '' }
  }
  const all = await pingAll(pings, one, ({ link }) => told.push(link))
  t.same(
    all.map(({ link }) => link),
    pings.map(({ link }) => link),
  )
  t.equal(told.length, 10)
  t.equal(most, 4)
  t.same(await pingAll([], one, () => t.fail()), [])
})

t.test('the tables say what is where and what failed', async (t) => {
  t.equal(
    nodeTable(state, false),
    `NODE  HOST  VIFS           STATE\na     west  vif1.0 vif1.3  ready\nb     east  -              failed\n`,
  )
  t.equal(
    linkTable(state, results, false),
    `LINK  ENDS   OVER              BY      PING     BACK
l     a - b  west-centre-east  vxlan   0.25 ms  failed
bare  a - b  west              bridge  -        -
`,
  )
})

t.test('the report counts what passed and what failed', async (t) => {
  const report = reportOf([{ name: 'request', seconds: 0.1 }], state, results)
  t.same(Object.keys(report), ['phases', 'nodes', 'links', 'pings'])
  t.same(report.pings, { passed: 1, failed: 1 })
  t.same(report.phases, [{ name: 'request', seconds: 0.1 }])
  t.match(report.nodes, [
    { id: 'a', host: 'west', state: 'ready' },
    { id: 'b', state: 'failed' },
  ])
  t.match(report.links[0], { id: 'l', technology: 'vxlan', path: ['west', 'centre', 'east'] })
})

t.test('what goes on is shown on a terminal only, and written over', async (t) => {
  for (const isTTY of [true, false]) {
    let text = ''
    const narrator = createNarrator({ write: (part: string) => (text += part), isTTY, columns: 10 })
    narrator.now('a long thing that goes on')
    narrator.phase('nodes', 1.234, 'done')
    narrator.say('end')
    t.equal(text, `${isTTY ? '  a long \r\u001b[2K' : ''}  nodes          1.23 s   done\nend\n`)
  }
})

t.test('options have defaults, and wrong ones are said', async (t) => {
  t.match(readOptions([], 'paper.xml'), {
    once: false,
    output: 'text',
    hosts: 3,
    requestFile: 'paper.xml',
    name: 'demo',
  })
  t.match(readOptions(['--once', '-o', 'json', '--hosts', '5', '--request', 'x.yaml', '--broker', 'mqtt://h'], ''), {
    once: true,
    output: 'json',
    hosts: 5,
    requestFile: 'x.yaml',
    brokerUrl: 'mqtt://h',
    timeoutMs: 300_000,
    name: undefined,
  })
  t.equal(readOptions(['--help'], ''), undefined)
  for (const wrong of [
    ['-o', 'yaml'],
    ['--hosts', '0'],
    ['--hosts', '2.5'],
    ['--timeout', 'x'],
    ['--timeout', '0'],
    ['--what'],
    ['word'],
  ]) {
    t.throws(() => readOptions(wrong, ''))
  }
})
