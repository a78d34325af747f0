import t from 'tap'
import { kernelArguments, tscKhzOf, xenArguments } from '../qemu.ts'

t.test('the command line of a kernel host', (t) => {
  const argv = kernelArguments({
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

t.test('the command line of a Xen host: Dom0 is a module of the hypervisor, and has half of the memory', (t) => {
  const argv = xenArguments('/cache/xen')({
    emulator: '/usr/bin/qemu-system-x86_64',
    kernel: '/cache,1/vmlinux',
    initramfs: '/tmp/initramfs',
    memoryBytes: 2 ** 31,
    cpus: 1,
    tscKhz: 2_900_000,
    shares: [{ tag: 'root', path: '/', writable: false }],
    nics: [{ tap: 'tap0', mac: '02:00:00:00:00:01' }],
  })
  t.equal(
    argv.join(' '),
    '/usr/bin/qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu Opteron_G3,+npt,-misalignsse,-rdtscp -smp 1 -m 2048M' +
      ' -nodefaults -no-user-config -display none -serial stdio -monitor none -no-reboot -kernel /cache/xen' +
      ' -append console=com1 com1=115200 loglvl=warning guest_loglvl=warning spec-ctrl=no xpti=no dom0_mem=1024M,max:1024M dom0_max_vcpus=1' +
      ' -initrd /cache,,1/vmlinux console=hvc0 quiet panic=-1 mitigations=off random.trust_cpu=on,/tmp/initramfs' +
      ' -fsdev local,id=root,path=/,security_model=none,multidevs=remap,readonly=on -device virtio-9p-pci,fsdev=root,mount_tag=root' +
      ' -netdev tap,id=nic0,ifname=tap0,script=no,downscript=no -device virtio-net-pci,netdev=nic0,mac=02:00:00:00:00:01,romfile=',
  )
  t.end()
})
