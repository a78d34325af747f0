/** ARPQuerier between processors: whatever comes at the same time, each packet leaves once, is counted as dropped once, or still waits. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { graphOf } from './support/compare.ts'
import type { RunOften } from './support/run-often.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false

const ip = (to: string): Uint8Array =>
  Buffer.from(`0200000000010200000000990800${'4500001c000000004063ffff0a090909'}${to}${'ab'.repeat(8)}`, 'hex')
const reply = (of: string): Uint8Array =>
  Buffer.from(
    `0200000000010200000000020806${'0001080006040002'}${'020000000002'}${of}${'020000000001'}${'0a000001'}`,
    'hex',
  )

/** Of each thread. */
const roundCount = 4_000
/** A packet that became a query goes on as a packet for one more address. */
const repeat = 32
const addresses = ['0a000002', '0a000003', '0a000004']

/** Runs them all at the same time, each in a thread. */
const runAll = async (jobs: readonly RunOften[]): Promise<void> => {
  const workers = jobs.map(
    (workerData) => new Worker(new URL('./support/run-often.ts', import.meta.url), { workerData }),
  )
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    const done = Promise.all(workers.map((worker) => once(worker, 'message')))
    for (const worker of workers) worker.postMessage('go')
    await done
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

const cases = [
  ['addresses that are forgotten as soon as they are known', 'TIMEOUT 0.001s', 256],
  ['addresses that are hardly ever known', 'TIMEOUT 0.000001s', 256],
  ['little room', 'TIMEOUT 0.001s, CAPACITY 8', 8],
  ['little room for each address', 'TIMEOUT 0.001s, ENTRY_PACKET_CAPACITY 3', 3],
  ['few addresses', 'TIMEOUT 0.001s, ENTRY_CAPACITY 2', 256],
] as const

for (const [name, given, room] of cases) {
  t.test(`two senders and a host that replies: ${name}`, { skip }, async (t) => {
    const text = `FromDevice(in) -> came :: Counter -> Strip(14) -> GetIPAddress(16)
        -> [0] arp :: ARPQuerier(10.0.0.1, 2:0:0:0:0:1, POLL_TIMEOUT 0, ${given});
      FromDevice(back) -> [1] arp; arp[0] -> left :: Counter -> Discard; arp[1] -> Discard`
    const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
    t.teardown(() => router.close())
    const idOf = (device: string): number => router.programs.find((each) => each.device === device)?.program.id ?? 0
    const sender: RunOften = { programId: idOf('in'), frames: addresses.map(ip), count: roundCount, repeat }
    await runAll([sender, sender, { programId: idOf('back'), frames: addresses.map(reply), count: roundCount }])
    const number = (handler: string): number => Number.parseInt(router.read(handler), 10)
    const [came, left, killed, waits] = ['came.count', 'left.count', 'arp.stats', 'arp.length'].map(number)
    t.comment(`${left} of ${came} left, ${killed} were dropped, ${waits} wait, ${number('arp.queries')} queries`)
    t.equal(came, 2 * roundCount * repeat)
    t.equal((left ?? 0) + (killed ?? 0) + (waits ?? 0), came)
    t.ok((left ?? 0) > 0)

    // What is counted of the ring is right, too: with nothing in it, it takes as many packets as in the beginning.
    router.write('arp.clear', '')
    await runAll([{ programId: idOf('in'), frames: [ip('0a000007')], count: room }])
    t.equal(number('arp.length'), room)
  })
}

t.test('no packet waits on when its address has become known meanwhile', { skip }, async (t) => {
  const text = `FromDevice(in) -> came :: Counter -> Strip(14) -> GetIPAddress(16) -> [0] arp :: ARPQuerier(10.0.0.1, 2:0:0:0:0:1);
    FromDevice(back) -> [1] arp; arp[0] -> left :: Counter -> Discard; arp[1] -> Discard`
  const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
  t.teardown(() => router.close())
  const idOf = (device: string): number => router.programs.find((each) => each.device === device)?.program.id ?? 0
  const many = Array.from({ length: 8_000 }, (_, i) => `0a01${i.toString(16).padStart(4, '0')}`)
  // Sender and host go through the addresses side by side: the reply comes while the first, or a later, of some packets does.
  const times = 4
  const often = many.flatMap((address) => Array<Uint8Array>(times).fill(ip(address)))
  const shared = new SharedArrayBuffer(4)
  await runAll([
    { programId: idOf('in'), frames: often, count: often.length, step: { shared, threads: 2, runs: times } },
    {
      programId: idOf('back'),
      frames: many.map(reply),
      count: many.length,
      step: { shared, threads: 2, runs: 1, mostIdleNs: 20_000 },
    },
  ])
  const number = (handler: string): number => Number.parseInt(router.read(handler), 10)
  t.comment(`${number('left.count')} left, ${number('arp.queries')} addresses were asked for`)
  t.equal(number('arp.length'), 0)
  t.equal(number('left.count'), often.length)
})
