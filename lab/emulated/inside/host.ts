/**
 * What runs in an emulated host of a lab for as long as it is there: `node host.ts CONFIGURATION` names its interfaces and gives them their addresses, then
 * serves commands from outside (frames.ts) and the way to the agent's local socket.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { constants } from 'node:os'
import { inside, managementNic, ports } from './addresses.ts'
import { type Call, encodeFrame, frameKinds } from './frames.ts'

/** In the shared directory, written by whoever starts the host. */
export interface HostConfiguration {
  readonly name: string
  /** By MAC address, the names that interfaces get; the management interface is one of them. */
  readonly nics: Readonly<Record<string, string>>
  /** For `ip -batch`, once they have them. */
  readonly lines: readonly string[]
}

/** Images of virtual machines that came with the host. */
const images = '/run/shared/images'

const agentSocket = '/run/weft/agent.sock'

const fail = (what: string): never => {
  console.error(what)
  process.exit(1)
}

const batch = (lines: readonly string[]): void => {
  const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' })
  if (status !== 0) fail(`ip: ${stderr.trim()}`)
}

/** By MAC address: the order that a kernel finds them in is its own. Two steps, since a name may be another's still. */
const nameNics = (nics: HostConfiguration['nics']): void => {
  const found = readdirSync('/sys/class/net').flatMap((name) => {
    const wanted = nics[readFileSync(`/sys/class/net/${name}/address`, 'utf8').trim()]
    return wanted === undefined ? [] : [{ name, wanted }]
  })
  const missing = Object.values(nics).filter((wanted) => !found.some((one) => one.wanted === wanted))
  if (missing.length > 0) fail(`no interfaces for ${missing.join(', ')}`)
  batch(found.map(({ name }, i) => `link set ${name} name was${i}`))
  batch(found.map(({ wanted }, i) => `link set was${i} name ${wanted}`))
}

const setSysctl = (path: string, value: string): void => {
  if (existsSync(`/proc/sys/${path}`)) writeFileSync(`/proc/sys/${path}`, value)
}

const start = ({ name, nics, lines }: HostConfiguration): void => {
  writeFileSync('/proc/sys/kernel/hostname', name)
  for (const module of ['virtio_net', 'bridge', 'br_netfilter', 'veth', 'vxlan', 'sch_htb', 'cls_bpf', 'sch_ingress']) {
    spawnSync('modprobe', [module])
  }
  for (const table of ['iptables', 'ip6tables', 'arptables']) setSysctl(`net/bridge/bridge-nf-call-${table}`, '0')
  for (const scope of ['all', 'default']) {
    setSysctl(`net/ipv6/conf/${scope}/disable_ipv6`, '1')
    setSysctl(`net/ipv4/conf/${scope}/rp_filter`, '0')
  }
  if (existsSync(images)) spawnSync('cp', ['-r', images, '/var/lib/weft/'], { stdio: 'inherit' })
  nameNics(nics)
  batch([`address add ${inside}/30 dev ${managementNic}`, `link set ${managementNic} up`, ...lines])
}

/** Process groups of commands that run, by the id that the caller gave. */
const running = new Map<string, number>()

const signalGroup = (pid: number | undefined, name: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(-pid, name)
  } catch {
    // All of it has ended already.
  }
}

const serveCall = (socket: Socket, call: Call, first: Buffer): void => {
  if (call.signal !== undefined) {
    signalGroup(running.get(call.id), call.signal)
    socket.end()
    return
  }
  const [file = '', ...rest] = call.argv ?? []
  const child = spawn(file, rest, {
    detached: true,
    stdio: 'pipe',
    env: { ...process.env, ...call.env },
    cwd: call.cwd ?? '/',
  })
  const end = (status: number): void => {
    running.delete(call.id)
    socket.end(encodeFrame(frameKinds.end, Buffer.from(String(status))))
  }
  if (child.pid !== undefined) running.set(call.id, child.pid)
  child.stdin.on('error', () => undefined)
  child.stdin.write(first)
  socket.pipe(child.stdin)
  child.stdout.on('data', (piece: Buffer) => socket.write(encodeFrame(frameKinds.stdout, piece)))
  child.stderr.on('data', (piece: Buffer) => socket.write(encodeFrame(frameKinds.stderr, piece)))
  child.once('error', (error) => {
    socket.write(encodeFrame(frameKinds.stderr, Buffer.from(`${file}: ${error.message}\n`)))
    end(127)
  })
  child.once('close', (status, signal) => end(status ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  // Whoever asked is gone: nobody would end it.
  socket.once('close', () => signalGroup(running.get(call.id), 'SIGKILL'))
}

const serveCommands = (): void => {
  createServer({ allowHalfOpen: true }, (socket) => {
    let header: Buffer = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    const take = (piece: Buffer): void => {
      header = Buffer.concat([header, piece])
      const end = header.indexOf('\n')
      if (end < 0) return
      socket.off('data', take)
      serveCall(socket, JSON.parse(header.subarray(0, end).toString()) as Call, header.subarray(end + 1))
    }
    socket.on('data', take)
  }).listen(ports.commands, inside)
}

const serveAgent = (): void => {
  createServer((client) => {
    const agent = connect(agentSocket)
    for (const [from, to] of [
      [client, agent],
      [agent, client],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.once('close', () => to.destroy())
    }
  }).listen(ports.agent, inside)
}

start(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as HostConfiguration)
serveAgent()
serveCommands()
