import t from 'tap'
import { hypervisorContract } from '../../test/contract.ts'
import { fakeHypervisor, fakeWorld, stopFakeNode } from '../memory.ts'

t.test('the fake in memory keeps the contract', async (t) => {
  const world = fakeWorld()
  await hypervisorContract(t, {
    open: () => fakeHypervisor({ world }),
    stop: async (_domain, { vnet, node }) => stopFakeNode(world, vnet, node.id),
    traces: async () => [...world.nodes.keys()].sort(),
    runs: false,
  })
})
