/** The command line of QEMU's software emulation for a kernel host. */

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
}

/** Speed of this machine's time stamp counter in kHz, as /proc/cpuinfo has it; 1 GHz where it has not. */
export const tscKhzOf = (cpuinfo: string): number => {
  const megahertz = Number(/^cpu MHz\s*: ([\d.]+)/m.exec(cpuinfo)?.[1] ?? 1000)
  return Math.round(megahertz * 1000)
}

/** A comma within the value of an option of QEMU's is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,')

/** panic=-1 with -no-reboot: a kernel that panics ends QEMU, at once. */
const commandLine = (tscKhz: number): string =>
  [
    'console=ttyS0 quiet panic=-1 reboot=t',
    // The guest measures its clock against a timer that a loaded machine delivers late: its clock would run away.
    `tsc=reliable tsc_early_khz=${tscKhz} no_timer_check`,
    // Nobody attacks it, and it has no other source of randomness so early.
    'mitigations=off random.trust_cpu=on',
  ].join(' ')

export const qemuArguments = (machine: QemuMachine): readonly string[] => [
  machine.emulator,
  ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'Westmere'],
  ...['-smp', String(machine.cpus), '-m', `${Math.ceil(machine.memoryBytes / 2 ** 20)}M`],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot'],
  ...['-kernel', machine.kernel, '-initrd', machine.initramfs, '-append', commandLine(machine.tscKhz)],
  ...machine.shares.flatMap(({ tag, path, writable }) => [
    '-fsdev',
    `local,id=${tag},path=${value(path)},security_model=none,multidevs=remap${writable ? '' : ',readonly=on'}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ]),
]
