import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { DomainSummary } from '../../../../native/libvirt.ts'
import { lostContainers } from '../lost.ts'

const domain = (change: Partial<DomainSummary> = {}): DomainSummary =>
  ({ uuid: 'u1', name: 'weft-1', id: process.pid, state: 1, reason: 0, ...change }) as DomainSummary

/** Of a process that has ended. */
const gone = spawnSync('true').pid

t.test('a container whose controller lives is not lost, and nor is one that libvirt says has ended', async (t) => {
  const isLost = lostContainers({ look: () => t.fail('nobody is asked') as never })
  t.equal(await isLost(domain()), false)
  t.equal(await isLost(domain({ id: -1, state: 5 })), false)
})

t.test('one whose end libvirt notices after a while is not lost', async (t) => {
  const answers = [domain({ id: gone }), domain({ id: gone }), domain({ id: -1, state: 5 })]
  t.equal(await lostContainers({ look: async () => answers.shift() })(domain({ id: gone })), false)
  t.equal(answers.length, 0)
  const started = [domain({ id: gone }), domain()]
  t.equal(
    await lostContainers({ look: async () => started.shift() })(domain({ id: gone })),
    false,
    'nor one that runs again',
  )
  t.equal(await lostContainers({ look: async () => undefined })(domain({ id: gone })), false, 'nor one that is removed')
})

t.test('one that libvirt goes on to call running is, and nobody waits for that twice', async (t) => {
  let looks = 0
  const isLost = lostContainers({
    look: async () => {
      looks++
      return domain({ id: gone })
    },
    patienceMs: 200,
  })
  t.equal(await isLost(domain({ id: gone })), true)
  const before = looks
  t.ok(before > 1)
  t.equal(await isLost(domain({ id: gone })), true)
  t.equal(looks, before)
})
