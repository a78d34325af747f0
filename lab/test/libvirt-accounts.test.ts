import t from 'tap'
import { withQemuAccount } from '../host/libvirt.ts'

t.test('accounts that libvirt wants for QEMU are added to those of the machine', async (t) => {
  t.equal(
    withQemuAccount('passwd', 'root:x:0:0:root:/root:/bin/bash'),
    'root:x:0:0:root:/root:/bin/bash\nlibvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n',
  )
  t.equal(withQemuAccount('group', 'root:x:0:\n'), 'root:x:0:\nlibvirt-qemu:x:64055:libvirt-qemu\n')
})

t.test('a machine that has them keeps its own', async (t) => {
  t.equal(withQemuAccount('passwd', 'root:x:0:0::/:/bin/sh\nlibvirt-qemu:x:105:106::/:/bin/false\n'), undefined)
  t.equal(withQemuAccount('group', 'libvirt-qemu:x:106:\n'), undefined)
})
