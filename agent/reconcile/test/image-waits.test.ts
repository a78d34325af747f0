import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { imageWaits } from '../image-waits.ts'

const spec = (hypervisor: string, format: string) => ({
  vnet: 'alice.shop',
  slot: 1,
  node: create('SliceNode', { id: 'a', hypervisor, image: 'web', imageSource: { name: 'web', format } }),
})

t.test('an image that the hypervisor cannot start is not fetched', async (t) => {
  const opened: string[] = []
  const images = {
    open: async ({ node }: { readonly node: { readonly id: string } }) => {
      opened.push(node.id)
      return {
        kind: 'tree',
        name: 'web',
        digest: '',
        cloudInit: false,
        guestAgent: false,
        root: '/',
        isMapped: true,
      } as const
    },
    progress: () => undefined,
  }
  const waits = imageWaits(images, () => {})
  await t.rejects(waits.here(spec('lxc', 'qcow2')), { code: 'image.unsuitable', object: 'node/a' })
  await t.rejects(waits.here(spec('xen', 'tar')), { code: 'image.unsuitable' })
  t.same(opened, [])
  t.equal(await waits.here(spec('lxc', 'tar')), true)
  t.equal(await waits.here(spec('fake', 'qcow2')), true)
  t.same(opened, ['a', 'a'])
})
