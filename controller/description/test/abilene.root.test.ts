import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import type { Node, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { formatAddress, freeLinkSubnets, parseCidr } from '../cidr.ts'
import { parseRequest } from '../parse.ts'

const run = promisify(execFile)
const file = new URL('../../../examples/abilene.yaml', import.meta.url).pathname

const skip =
  process.getuid?.() !== 0
    ? 'needs root for network namespaces'
    : !existsSync('/usr/sbin/bird')
      ? 'needs bird (Debian package bird2)'
      : false

t.setTimeout(300_000)

/** A namespace for each node, veth pairs for links, with the names and addresses that a host would give them: the plain kernel. */
const build = async ({ nodes, links, prefix }: VNetRequest, name: (node: string) => string): Promise<void> => {
  for (const { id } of nodes) await run('ip', ['netns', 'add', name(id)])
  const cidr = parseCidr(prefix)
  const subnets = cidr ? freeLinkSubnets(cidr, []) : [][Symbol.iterator]()
  const commands: string[] = []
  for (const { a, b } of links) {
    const subnet = subnets.next().value
    if (!a || !b || !subnet) throw new Error('a link without ends or addresses')
    const [left, right] = [a, b].map((end) => ({ space: name(end.node), device: `eth${end.interface}` }))
    if (!left || !right) throw new Error('a link without ends')
    commands.push(
      `link add ${left.device} netns ${left.space} type veth peer name ${right.device} netns ${right.space}`,
    )
    for (const [i, { space, device }] of [left, right].entries()) {
      const address = `${formatAddress(4, subnet.first + BigInt(i + 1))}/${subnet.length}`
      commands.push(`-n ${space} address add ${address} dev ${device}`, `-n ${space} link set ${device} up`)
    }
  }
  for (const command of commands) await run('ip', command.split(' '))
}

/** Files and command of the node's start-up, /etc/bird and /run its own as in a container. */
const start = async ({ startUp }: Node, space: string): Promise<void> => {
  const [file] = startUp?.files ?? []
  if (!startUp || !file) throw new Error('a node without start-up')
  const script = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /etc/bird
mount -t tmpfs tmpfs /run
cat > ${file.path} <<'END'
${file.content}
END
${startUp.command}`
  await run('ip', ['netns', 'exec', space, 'unshare', '--mount', 'sh', '-c', script])
}

const remove = async (spaces: readonly string[]): Promise<void> => {
  for (const space of spaces) {
    if (!existsSync(`/run/netns/${space}`)) continue
    const { stdout } = await run('ip', ['netns', 'pids', space])
    for (const pid of stdout.split('\n').filter((line) => line !== '')) {
      try {
        process.kill(Number(pid), 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
    await run('ip', ['netns', 'delete', space])
  }
}

t.test('OSPF of the Abilene example lets every node reach every loopback', { skip }, async (t) => {
  const { request } = await parseRequest(readFileSync(file), { file })
  const name = (node: string): string => `wab${process.pid}-${node}`
  const spaces = request.nodes.map(({ id }) => name(id))
  t.teardown(() => remove(spaces))
  await build(request, name)
  await Promise.all(request.nodes.map((node) => start(node, name(node.id))))

  const loopbacks = request.nodes.map(
    ({ startUp }) => /router id ([0-9.]+);/.exec(startUp?.files[0]?.content ?? '')?.[1],
  )
  t.equal(new Set(loopbacks).size, 11)
  const missing = async (): Promise<readonly string[]> => {
    const failed: string[] = []
    for (const space of spaces) {
      const pings = loopbacks
        .map((loopback) => `ping -n -c 1 -W 2 ${loopback} >/dev/null || echo ${loopback}`)
        .join('\n')
      const { stdout } = await run('ip', ['netns', 'exec', space, 'sh', '-c', pings])
      failed.push(
        ...stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((loopback) => `${space} to ${loopback}`),
      )
    }
    return failed
  }
  const routes = (): number =>
    execFileSync('ip', ['-n', name('seattle'), 'route', 'show', 'proto', 'bird'], { encoding: 'utf8' }).split('\n')
      .length - 1
  const deadline = Date.now() + 120_000
  // Of the other ten loopbacks and twelve links that are not its own.
  while (routes() < 22 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 500))
  let failed = await missing()
  while (failed.length > 0 && Date.now() < deadline) failed = await missing()
  t.same(failed, [])
})
