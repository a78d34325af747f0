import t from 'tap'
import { qemuArguments, tscKhzOf } from '../qemu.ts'

t.test('the command line of a kernel host', (t) => {
  const argv = qemuArguments({
    emulator: '/usr/bin/qemu-system-x86_64',
    kernel: '/cache/vmlinux',
    initramfs: '/tmp/initramfs',
    memoryBytes: 2 ** 30,
    cpus: 2,
    tscKhz: 2_900_000,
    shares: [
      { tag: 'root', path: '/', writable: false },
      { tag: 'shared', path: '/tmp/a,b', writable: true },
    ],
  })
  t.equal(
    argv.join(' '),
    '/usr/bin/qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu Westmere -smp 2 -m 1024M' +
      ' -nodefaults -no-user-config -display none -serial stdio -monitor none -no-reboot' +
      ' -kernel /cache/vmlinux -initrd /tmp/initramfs -append console=ttyS0 quiet panic=-1 reboot=t' +
      ' tsc=reliable tsc_early_khz=2900000 no_timer_check mitigations=off random.trust_cpu=on' +
      ' -fsdev local,id=root,path=/,security_model=none,multidevs=remap,readonly=on -device virtio-9p-pci,fsdev=root,mount_tag=root' +
      ' -fsdev local,id=shared,path=/tmp/a,,b,security_model=none,multidevs=remap -device virtio-9p-pci,fsdev=shared,mount_tag=shared',
  )
  t.end()
})

t.test('the speed of the clock is read in kHz', (t) => {
  t.equal(tscKhzOf('model name\t: a CPU\ncpu MHz\t\t: 2899.998\ncpu MHz\t\t: 1000.000\n'), 2_899_998)
  t.equal(tscKhzOf(''), 1_000_000, 'a machine that does not tell')
  t.end()
})
