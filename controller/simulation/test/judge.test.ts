import t from 'tap'
import type { Instance, Solution } from '../instance.ts'
import { judge } from '../judge.ts'

/** A line a - b - c; two requests of one link each, the second comes when the first has gone. */
const instance: Instance = {
  substrate: {
    nodes: [
      { id: 'a', cpu: 10, location: 'eu/paris', hypervisors: ['lxc'], nics: 1 },
      { id: 'b', cpu: 10 },
      { id: 'c', cpu: 10, location: 'us/denver' },
    ],
    links: [
      { a: 'a', b: 'b', bw: 20, delay: 5 },
      { a: 'b', b: 'c', bw: 20, delay: 5 },
    ],
  },
  requests: [
    request(0, 0, 10),
    request(1, 10, 20, { bw: 15 }),
    request(2, 40, 10, { location: 'eu', hypervisor: 'lxc', nics: 1, delay: 5 }),
  ],
}

function request(id: number, arrival: number, lifetime: number, changes: Record<string, unknown> = {}) {
  const { bw = 20, delay, ...node } = changes
  return {
    id,
    arrival,
    lifetime,
    nodes: [
      { id: 0, cpu: 8, ...node },
      { id: 1, cpu: 2 },
    ],
    links: [{ a: 0, b: 1, bw: bw as number, ...(delay !== undefined && { delay: delay as number }) }],
  }
}

const near: Solution = { host: ['a', 'b'], paths: [['a', 'b']] }
const far: Solution = { host: ['a', 'c'], paths: [['a', 'b', 'c']] }

t.test('figures are those of the literature', async (t) => {
  const { rac, lrc, rev, violations } = judge(instance, [near, far, null])
  t.strictSame(violations, [])
  t.equal(rac, 2 / 3)
  // Revenue 30 for 10 and 25 for 20; cost 30 and 10 + 2 * 15.
  t.equal(lrc, (300 + 500) / (300 + 800))
  t.equal(rev, 800 / (800 + 300))
})

t.test('each promise that is broken is told', async (t) => {
  const broken = (solutions: readonly (Solution | null)[], changed = instance) => judge(changed, solutions).violations
  const together = { ...instance, requests: [request(0, 0, 10), request(1, 5, 20)] }
  t.strictSame(broken([near, near], together), [
    'request 1: cpu a is overcommitted by 6',
    'request 1: wire a - b is overcommitted by 20',
  ])
  t.strictSame(broken([{ host: ['a', 'a'], paths: [['a']] }, null, null]), [
    'request 0: a host is missing or used twice',
  ])
  t.strictSame(broken([{ host: ['a', 'c'], paths: [['a', 'c']] }, null, null]), [
    'request 0: link 0 crosses wire a - c, which does not exist',
    'request 0: wire a - c is overcommitted by 20',
  ])
  t.strictSame(
    broken([{ host: ['a', 'x'], paths: [['a', 'x']] }, null, null])[0],
    'request 0: node 1 is on none of the 3 hosts',
  )
  t.strictSame(broken([{ ...near, paths: [['b', 'c']] }, null, null]), ['request 0: link 0 does not join its hosts'])
  t.strictSame(broken([null, null, far]), ['request 2: link 0 takes 10, not 5 at most'])
  t.strictSame(broken([null, null, { host: ['c', 'b'], paths: [['c', 'b']] }]), [
    'request 2: node 0 is in us/denver',
    'request 2: nics c is overcommitted by 1',
  ])
  const xen = { ...instance, requests: [request(0, 0, 1, { hypervisor: 'xen' })] }
  t.strictSame(broken([near], xen), ['request 0: a lacks xen for node 0'])
  t.strictSame(broken([near]), ['1 solutions for 3 requests'])
})
