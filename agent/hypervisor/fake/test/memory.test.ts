import t from 'tap'
import { hypervisorContract } from '../../test/contract.ts'
import { fakeHypervisor, fakeWorld, stopFakeNode } from '../memory.ts'

t.test('the fake in memory keeps the contract', async (t) => {
  const world = fakeWorld()
  await hypervisorContract(t, {
    open: () => fakeHypervisor({ world }),
    stop: async (_domain, { vnet, node }) => stopFakeNode(world, vnet, node.id),
    ends: (['stopped', 'crashed', 'rebooted'] as const).map((how) => ({
      how,
      end: async (_domain, { vnet, node }) => stopFakeNode(world, vnet, node.id, how),
    })),
    traces: async () => [...world.nodes.keys()].sort(),
    runs: false,
  })
})
