/**
 * Whether the processor can run guests, by a guest: a kernel is booted under KVM until it finds no root file system, which is further than a
 * machine comes whose own hypervisor has KVM and cannot do it. libvirt offers KVM on those too.
 */
import { spawn } from 'node:child_process'
import { access, constants, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname } from 'node:path'
import { readBootId } from '../../boot-id.ts'
import type { ImageStore } from '../../images/store.ts'

const device = '/dev/kvm'
const emulator = 'qemu-system-x86_64'
/** With KVM it takes a second. */
const timeoutMs = 60_000
/** A guest that says nothing for so long, though it says its first words before it sets up anything, does not run. */
const silenceMs = 15_000

export interface AccelerationOptions {
  /** Kernels to try it with, the first that is there; paths. */
  readonly kernels: () => Promise<readonly string[]>
  readonly emulator?: string
  readonly device?: string
  readonly timeoutMs?: number
  readonly silenceMs?: number
}

const canOpen = async (path: string): Promise<boolean> => {
  try {
    await (await open(path, 'r+')).close()
    return true
  } catch {
    return false
  }
}

const firstThere = async (paths: readonly string[]): Promise<string | undefined> => {
  for (const path of paths) {
    const isThere = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

/** What the guest and its emulator say till the guest panics, the emulator ends or patience does. */
const bootOnce = (program: string, kernel: string, options: AccelerationOptions): Promise<string> =>
  new Promise((resolve) => {
    const machine = [
      '-machine',
      'pc,accel=kvm',
      '-cpu',
      'host',
      '-m',
      '256',
      '-nodefaults',
      '-no-user-config',
      '-no-reboot',
    ]
    const output = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio']
    const boot = ['-kernel', kernel, '-append', 'console=ttyS0 earlyprintk=ttyS0 panic=-1']
    const child = spawn(program, [...machine, ...output, ...boot], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const giveUp = (why: string) => (): void => {
      said += `\n${why}`
      child.kill('SIGKILL')
    }
    const silence = setTimeout(giveUp('it says nothing'), options.silenceMs ?? silenceMs)
    const timer = setTimeout(giveUp('it does not come to its end'), options.timeoutMs ?? timeoutMs)
    const take = (bytes: Buffer): void => {
      silence.refresh()
      said = `${said}${bytes.toString('latin1')}`.slice(-65_536)
      // After that it waits for ever.
      if (panicked.test(said) || failed.test(said)) child.kill('SIGKILL')
    }
    const end = (): void => {
      clearTimeout(silence)
      clearTimeout(timer)
      resolve(said)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', ({ message }) => {
      said += `\n${message}`
      end()
    })
    child.on('close', end)
  })

/** No root file system: everything before that worked. */
const panicked = /Kernel panic - not syncing: .*(?:root|init)/i
const failed = /KVM internal error/

export interface Outcome {
  /** '' where a guest booted; else why not, for people. */
  readonly problem: string
  /** Whether a guest was tried: that outcome stays the same while the machine is up. */
  readonly isTried: boolean
}

export const tryAcceleration = async (options: AccelerationOptions): Promise<Outcome> => {
  const path = options.device ?? device
  if (!(await canOpen(path))) {
    return { problem: `KVM cannot be used: this host has no ${path} that can be opened`, isTried: false }
  }
  const kernel = await firstThere(await options.kernels())
  if (kernel === undefined) {
    const problem = 'KVM is not used: there is no kernel to try it with (an image of a kernel, or /boot)'
    return { problem, isTried: false }
  }
  const said = await bootOnce(options.emulator ?? emulator, kernel, options)
  if (panicked.test(said)) return { problem: '', isTried: true }
  const words = said.split('\n').filter((line) => line.trim() !== '')
  const told = words.find((line) => failed.test(line)) ?? words.at(-1) ?? 'it says nothing'
  return {
    problem: `KVM cannot be used: a guest does not boot with it (${told.trim().slice(0, 200)})`,
    isTried: true,
  }
}

/** Kernels of the host's own images, then the host's own. */
const kernelsToTry = async (images: Pick<ImageStore, 'open' | 'list'>): Promise<readonly string[]> => {
  const own = (await images.list()).filter(({ format, sha256 }) => format === 'kernel' && sha256 === '')
  const user = (image: string) => ({ vnet: '', node: { id: '', image, imageSource: undefined } })
  const opened = await Promise.allSettled(own.map(({ name }) => images.open(user(name))))
  return [
    ...opened.flatMap((one) => (one.status === 'fulfilled' && one.value.kind === 'kernel' ? [one.value.kernel] : [])),
    `/boot/vmlinuz-${release()}`,
  ]
}

export interface AccelerationTrial {
  /** Why the processor cannot do it, '' where it can; undefined: it is being tried. */
  now(): string | undefined
  /** The same when it is known. */
  done(): Promise<string>
}

/** Once a boot of the machine, whichever agent or virtual host asks first: the outcome is kept. */
const outcomeFile = '/var/cache/weft/kvm'

export const accelerationTrial = ({
  images,
}: {
  readonly images: Pick<ImageStore, 'open' | 'list'>
}): AccelerationTrial => {
  let trial: Promise<string> | undefined
  let outcome: string | undefined
  const tryIt = async (): Promise<string> => {
    const boot = await readBootId()
    const [keptBoot, kept = ''] = (await readFile(outcomeFile, 'utf8').catch(() => '')).split('\n')
    if (boot !== '' && keptBoot === boot) return kept
    const { problem, isTried } = await tryAcceleration({ kernels: () => kernelsToTry(images) })
    if (!isTried) return problem
    await mkdir(dirname(outcomeFile), { recursive: true })
    await writeFile(`${outcomeFile}.${process.pid}`, `${boot}\n${problem}\n`)
    await rename(`${outcomeFile}.${process.pid}`, outcomeFile)
    return problem
  }
  const done = async (): Promise<string> => {
    trial ??= tryIt().catch((error: Error) => `KVM is not used: ${error.message}`)
    outcome = await trial
    return outcome
  }
  return {
    done,
    now: () => {
      void done()
      return outcome
    },
  }
}
