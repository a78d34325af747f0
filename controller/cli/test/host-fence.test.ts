import t from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import type { HostDeath, HostEntry } from '../../../proto/generated/weft.v1.ts'
import { eventsBetween } from '../changes.ts'
import { play, shop, weft } from './support.ts'

const offAt = Date.UTC(2026, 10, 22, 20)
const death: HostDeath = {
  state: 'fenced',
  by: 'command',
  sinceUnixMs: offAt - 60_000,
  fencedUnixMs: offAt,
  bootId: 'b0',
  error: undefined,
  nextTryUnixMs: 0,
  vnets: ['alice.shop'],
}
const status = { online: false, bootId: 'b0', session: 1, agentVersion: '1', libvirtVersion: '9', kernelVersion: '6.1' }
const entry = { name: 'h2', status, awayUnixMs: offAt - 360_000, death } satisfies Partial<HostEntry>

t.test('the PIP is asked to take a host for dead, and says what is to be made elsewhere', async (t) => {
  const { directory, requests } = await play(t, 'pip', () => ({ hosts: { hosts: [entry] } }))
  const fence = (...argv: string[]) => weft(['host', 'fence', ...argv, '--run-dir', directory])
  t.match(await fence('h2', '--confirmed'), {
    status: 0,
    stdout: 'host/h2 is dead (command at 2026-11-22T20:00:00.000Z); to be made elsewhere: alice.shop\n',
  })
  await fence('h2')
  t.match(
    requests.map((request) => request.fence),
    [
      { host: 'h2', confirmed: true },
      { host: 'h2', confirmed: false },
    ],
  )
})

t.test('a host that was reset is back at once; one that may run is refused with the reason', async (t) => {
  const back = await play(t, 'pip', () => ({ hosts: { hosts: [{ name: 'h2' }] } }))
  t.equal(
    (await weft(['host', 'fence', 'h2', '--run-dir', back.directory])).stdout,
    'host/h2 was fenced, and is back\n',
  )
  const refusing = await play(t, 'pip', () => {
    throw new WeftError('host.online', 'h2 is connected', { object: 'host/h2' })
  })
  t.match(await weft(['host', 'fence', 'h2', '--run-dir', refusing.directory]), {
    status: 1,
    stderr: /h2 is connected/,
  })
})

t.test('the list of hosts tells which are dead, and what is still to be done', async (t) => {
  const error = { code: 'host.fencing-failed', message: 'no answer', object: '', where: '', hint: 'pull its plug' }
  const fencing = { ...death, state: 'fencing', fencedUnixMs: 0, error, nextTryUnixMs: offAt + 1000 }
  const hosts = [entry, { ...entry, name: 'h3', death: fencing }, { name: 'h4' }]
  const { directory } = await play(t, 'pip', () => ({ hosts: { hosts } }))
  const { stdout, stderr } = await weft(['hosts', '-o', 'wide', '--run-dir', directory])
  t.match(stdout, /^h2 +dead .*2026-11-22T19:54:00.000Z +command at 2026-11-22T20:00:00.000Z/m)
  t.match(stdout, /^h3 +fencing /m)
  t.match(stderr, /what h2 carried of alice.shop is not made elsewhere yet/)
  t.match(stderr, /h3 is taken for dead since .*: no answer; tried again at 2026-11-22T20:00:01.000Z/)
  t.match(stderr, /pull its plug/)
})

t.test(
  'a node that was made again elsewhere is an event, and stands in the description with what was lost',
  async (t) => {
    const recovery = {
      node: 'r2',
      provider: 'pip1',
      from: 'h2',
      to: 'h3',
      by: 'command',
      unixMs: offAt,
      lost: 'memory and disk',
    }
    const after = shop({ recoveries: [recovery] })
    t.match(eventsBetween(shop(), after), [
      {
        object: 'node/r2',
        to: 'recovered',
        host: 'h3',
        reason: "made again in place of h2, which is off by the command's word: memory and disk are lost",
      },
    ])
    t.same(eventsBetween(after, after), [])
    t.notOk(
      eventsBetween(undefined, after).some(({ to }) => to === 'recovered'),
      'what was before is no news',
    )
    const { directory } = await play(t, 'vno', () => ({ vnets: { vnets: [after] } }))
    const { stdout } = await weft(['describe', 'vnet', 'shop', '--run-dir', directory])
    t.match(stdout, /Made again elsewhere:\n.*\n +r2 +h2 +h3 +2026-11-22T20:00:00.000Z +command +memory and disk/)
  },
)
