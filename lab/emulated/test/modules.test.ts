import t from 'tap'
import { loadOrder, moduleName } from '../modules.ts'

const modulesDep = `kernel/fs/overlayfs/overlay.ko:
kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko
kernel/fs/netfs/netfs.ko:
kernel/net/9p/9pnet.ko: kernel/fs/netfs/netfs.ko
kernel/drivers/net/virtio-net.ko.xz: kernel/net/9p/9pnet.ko
`

t.test('a module is named by its file, - and _ alike', (t) => {
  t.equal(moduleName('kernel/drivers/net/virtio-net.ko.xz'), 'virtio_net')
  t.equal(moduleName('9p.ko'), '9p')
  t.end()
})

t.test('what a module needs comes before it, each module once', (t) => {
  t.same(loadOrder(modulesDep, ['9p', 'virtio_net', 'overlay']), [
    'kernel/fs/netfs/netfs.ko',
    'kernel/net/9p/9pnet.ko',
    'kernel/fs/9p/9p.ko',
    'kernel/drivers/net/virtio-net.ko.xz',
    'kernel/fs/overlayfs/overlay.ko',
  ])
  t.end()
})

t.test('what is built into the kernel is not loaded', (t) => {
  t.same(loadOrder(modulesDep, ['ext4', 'overlay']), ['kernel/fs/overlayfs/overlay.ko'])
  t.end()
})

t.test('a circle ends', (t) => {
  t.same(loadOrder('a.ko: b.ko\nb.ko: a.ko\n', ['a']), ['b.ko', 'a.ko'])
  t.end()
})
