/** Command lines of QEMU's software emulation for kernel hosts and Xen hosts. */

/** An interface of the guest, in their order, at a tap that is there already. */
export interface QemuNic {
  readonly tap: string
  readonly mac: string
}

export interface QemuMachine {
  readonly emulator: string
  readonly kernel: string
  readonly initramfs: string
  readonly memoryBytes: number
  readonly cpus: number
  /** Of the machine that emulates, in kHz. */
  readonly tscKhz: number
  /** Directories that the guest mounts over 9p, by the tag that it knows them by. */
  readonly shares: readonly { readonly tag: string; readonly path: string; readonly writable: boolean }[]
  readonly nics?: readonly QemuNic[]
}

/** Speed of this machine's time stamp counter in kHz, as /proc/cpuinfo has it; 1 GHz where it has not. */
export const tscKhzOf = (cpuinfo: string): number => {
  const megahertz = Number(/^cpu MHz\s*: ([\d.]+)/m.exec(cpuinfo)?.[1] ?? 1000)
  return Math.round(megahertz * 1000)
}

/** A comma within the value of an option of QEMU's is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,')

/** panic=-1 with -no-reboot: a kernel that panics ends QEMU, at once. */
const panics = 'quiet panic=-1'
/** Nobody attacks it, and it has no other source of randomness so early. */
const unguarded = 'mitigations=off random.trust_cpu=on'

const commandLine = (tscKhz: number): string =>
  [
    `console=ttyS0 ${panics} reboot=t`,
    // The guest measures its clock against a timer that a loaded machine delivers late: its clock would run away.
    `tsc=reliable tsc_early_khz=${tscKhz} no_timer_check`,
    unguarded,
  ].join(' ')

const shares = (machine: QemuMachine): readonly string[] =>
  machine.shares.flatMap(({ tag, path, writable }) => [
    '-fsdev',
    `local,id=${tag},path=${value(path)},security_model=none,multidevs=remap${writable ? '' : ',readonly=on'}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ])

const nics = (machine: QemuMachine): readonly string[] =>
  (machine.nics ?? []).flatMap(({ tap, mac }, position) => [
    '-netdev',
    `tap,id=nic${position},ifname=${tap},script=no,downscript=no`,
    '-device',
    // Nothing is booted from it: without a ROM the machine starts sooner.
    `virtio-net-pci,netdev=nic${position},mac=${mac},romfile=`,
  ])

const machineArguments = (machine: QemuMachine, cpu: string): readonly string[] => [
  machine.emulator,
  ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', cpu],
  ...['-smp', String(machine.cpus), '-m', `${Math.ceil(machine.memoryBytes / 2 ** 20)}M`],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot'],
]

export const kernelArguments = (machine: QemuMachine): readonly string[] => [
  ...machineArguments(machine, 'Westmere'),
  ...['-kernel', machine.kernel, '-initrd', machine.initramfs, '-append', commandLine(machine.tscKhz)],
  ...shares(machine),
  ...nics(machine),
]

/**
 * With SVM, for PVH guests, which do not start with RDTSCP; a PV Dom0 starts with neither SMAP nor SMEP. Not `max`: with AVX, programs in Dom0 and in
 * guests broke now and then (malloc(): corrupted top size).
 */
const xenCpu = 'Opteron_G3,+npt,-misalignsse,-rdtscp'

/** Dom0 has half of the memory. Kernel and initramfs are modules of a multiboot image: a comma would end one. */
export const xenArguments =
  (hypervisor: string) =>
  (machine: QemuMachine): readonly string[] => {
    const dom0 = `${Math.ceil(machine.memoryBytes / 2 ** 21)}M`
    const options = [
      'console=com1 com1=115200 loglvl=warning guest_loglvl=warning spec-ctrl=no xpti=no',
      `dom0_mem=${dom0},max:${dom0} dom0_max_vcpus=${machine.cpus}`,
    ]
    const kernel = `${value(machine.kernel)} console=hvc0 ${panics} ${unguarded}`
    return [
      ...machineArguments(machine, xenCpu),
      ...['-kernel', hypervisor, '-append', options.join(' ')],
      ...['-initrd', `${kernel},${value(machine.initramfs)}`],
      ...shares(machine),
      ...nics(machine),
    ]
  }
