/**
 * Links made and removed through agent/netlink against `ip -batch` for the same links, each in a fresh network namespace; medians of
 * pairs in one run. As root: node bench/netlink.ts [LINKS] [PAIRS]
 */
import { execFileSync } from 'node:child_process'
import { addLink, deleteGroup, setLink } from '../agent/netlink/link/requests.ts'
import { openRoute } from '../agent/netlink/route.ts'
import { NetlinkError } from '../agent/netlink/socket/error.ts'
import type { Request } from '../agent/netlink/socket/request.ts'

const links = Number(process.argv[2] ?? 200)
const pairs = Number(process.argv[3] ?? 5)

const numbers = Array.from({ length: links }, (_, number) => number)
const group = 7

interface Case {
  readonly name: string
  readonly requests: readonly Request[]
  readonly batch: string
}

const cases: readonly Case[] = [
  {
    name: 'bridges',
    requests: numbers.map((n) => addLink({ name: `b${n}`, info: { kind: 'bridge' } })),
    batch: numbers.map((n) => `link add b${n} type bridge`).join('\n'),
  },
  {
    name: 'veth pairs, up',
    requests: numbers.flatMap((n) => [
      addLink({ name: `v${n}`, up: true, info: { kind: 'veth', peer: { name: `p${n}` } } }),
      setLink(`p${n}`, { up: true }),
    ]),
    batch: numbers.map((n) => `link add v${n} up type veth peer name p${n}\nlink set p${n} up`).join('\n'),
  },
  {
    name: 'bridges, made and removed',
    requests: [...numbers.map((n) => addLink({ name: `b${n}`, group, info: { kind: 'bridge' } })), deleteGroup(group)],
    batch: `${numbers.map((n) => `link add b${n} group ${group} type bridge`).join('\n')}\nlink del group ${group}`,
  },
]

const ip = (args: readonly string[], input = ''): void => {
  execFileSync('ip', args, { input, stdio: ['pipe', 'ignore', 'inherit'] })
}

/** Milliseconds of the work alone: what is left of it goes before the next one, or the kernel would do that while the next is measured. */
const inNamespace = async (work: (name: string) => Promise<void> | void): Promise<number> => {
  const name = `weft-bench-${process.pid}`
  ip(['netns', 'add', name])
  try {
    const since = performance.now()
    await work(name)
    const elapsed = performance.now() - since
    const route = openRoute({ namespace: `/run/netns/${name}` })
    const left = (await route.links()).filter((link) => link.name !== 'lo')
    await route.batch([...left.map(({ index }) => setLink(index, { group })), deleteGroup(group)])
    route.close()
    return elapsed
  } finally {
    ip(['netns', 'del', name])
  }
}

const ours =
  (requests: readonly Request[]) =>
  async (name: string): Promise<void> => {
    const route = openRoute({ namespace: `/run/netns/${name}` })
    const outcomes = await route.batch(requests)
    route.close()
    for (const outcome of outcomes) if (outcome instanceof NetlinkError) throw outcome
  }

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

for (const { name, requests, batch } of cases) {
  const measured: { readonly ours: number; readonly theirs: number }[] = []
  for (let pair = 0; pair < pairs; pair++) {
    measured.push({
      ours: await inNamespace(ours(requests)),
      theirs: await inNamespace((namespace) => ip(['-n', namespace, '-batch', '-'], batch)),
    })
  }
  const ratio = median(measured.map((one) => one.ours / one.theirs))
  const [a, b] = [median(measured.map((one) => one.ours)), median(measured.map((one) => one.theirs))]
  console.log(`${links} ${name}: ${a.toFixed(0)} ms, ip -batch ${b.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`)
}
