import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Slice } from '../../../proto/generated/weft.v1.ts'
import { admit, isCurrent } from '../rules.ts'

const slice = (init: Init<Slice>): Slice => create('Slice', { vnet: 'shop', owner: 'controller', ...init })

const outcome = (held: Slice | undefined, next: Slice, highestEpoch = 0): string => {
  try {
    return admit(held, next, highestEpoch)
  } catch (error) {
    return error instanceof WeftError ? error.code : String(error)
  }
}

const node = { id: 'a', hypervisor: 'fake' }

t.test('a first slice is accepted', async (t) => {
  t.equal(outcome(undefined, slice({ generation: 1 })), 'new')
  t.equal(outcome(undefined, slice({ absent: true })), 'new')
})

t.test('the same slice again is harmless, also under a newer epoch', async (t) => {
  const held = slice({ generation: 3, epoch: 2, nodes: [node] })
  t.equal(outcome(held, slice({ generation: 3, epoch: 2, nodes: [node] }), 2), 'same')
  t.equal(outcome(held, slice({ generation: 3, epoch: 5, nodes: [node] }), 2), 'same')
})

t.test('the same slice for another boot of the host is the same slice', async (t) => {
  const held = slice({ generation: 3, bootId: 'b1', nodes: [node] })
  t.equal(outcome(held, slice({ generation: 3, bootId: 'b2', nodes: [node] })), 'same')
  t.equal(outcome(held, slice({ generation: 3, bootId: 'b2' })), 'generation.stale')
})

t.test('a slice is current in the boot that it names, and of a boot without an id nothing is', async (t) => {
  t.equal(isCurrent(slice({ bootId: 'b1' }), 'b1'), true)
  t.equal(isCurrent(slice({ bootId: 'b1' }), 'b2'), false)
  t.equal(isCurrent(slice({}), 'b1'), false)
  t.equal(isCurrent(slice({}), ''), false)
  t.equal(isCurrent(undefined, 'b1'), false)
})

t.test('a newer generation takes its place, whatever it holds', async (t) => {
  const held = slice({ generation: 3, nodes: [node] })
  t.equal(outcome(held, slice({ generation: 4 })), 'new')
  t.equal(outcome(held, slice({ generation: 4, absent: true })), 'new')
  t.equal(outcome(held, slice({ generation: 4, nodes: [node] })), 'new')
})

t.test('what is older, or the same number with another content, is refused', async (t) => {
  const held = slice({ generation: 3, nodes: [node] })
  t.equal(outcome(held, slice({ generation: 2, nodes: [node] })), 'generation.stale')
  t.equal(outcome(held, slice({ generation: 3 })), 'generation.stale')
  t.equal(outcome(held, slice({ generation: 3, nodes: [node], absent: true })), 'generation.stale')
})

t.test('an epoch before the highest that was seen is refused, also for a VNet that is not held', async (t) => {
  t.equal(outcome(undefined, slice({ generation: 9, epoch: 4 }), 5), 'epoch.stale')
  t.equal(outcome(slice({ generation: 1, epoch: 5 }), slice({ generation: 2, epoch: 4 }), 5), 'epoch.stale')
  t.equal(outcome(undefined, slice({ generation: 1, owner: 'carol' }), 5), 'new', 'clients have no epochs')
})

t.test('only the owner changes a slice, and learns nothing else', async (t) => {
  const held = slice({ generation: 3, owner: 'carol', nodes: [node] })
  for (const owner of ['dave', 'controller', 'local']) {
    t.equal(outcome(held, slice({ generation: 4, owner })), 'owner.denied')
    t.equal(outcome(held, { ...held, owner }), 'owner.denied')
  }
})
