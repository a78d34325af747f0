/** Click routers of this machine, as commands reach them: where records and pins are, and which namespace is meant. */
import { execFile } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Configuration } from '../agent/click/service/configuration.ts'
import { type ClickService, clickService } from '../agent/click/service/service.ts'
import { isBpffs, mountBpffs } from '../agent/ebpf/pins.ts'
import { readRouter } from '../click/read.ts'
import type { Context } from '../controller/cli/context.ts'
import { defaultRunDirectory } from '../controller/cli/flags.ts'
import { WeftError } from '../proto/errors.ts'
import { clickLibraries, readClickText, tellDiagnostics } from './read-click.ts'

interface Flags {
  readonly bpffs: string | undefined
  readonly namespace?: string | undefined
}

export const openClickRouters = ({ globals }: Context, { bpffs, namespace }: Flags): ClickService =>
  clickService({
    namespace: namespace?.includes('/') === false ? `/run/netns/${namespace}` : namespace,
    bpffs: bpffs ?? usualBpffs(),
    directory: join(globals['run-dir'] ?? defaultRunDirectory, 'click'),
  })

const usual = '/sys/fs/bpf'

/** The parent of a process: proc(5), the second field after the name, which may have spaces. */
const parentOf = (pid: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[1],
  )

/**
 * A process in the machine's own mount namespace: of those that we come from the first one that lets itself be asked, which is mostly process 1.
 * `ip netns exec` mounts /sys anew in a namespace of its own, and what is mounted there ends with the command.
 */
const outermost = (): number => {
  let found = process.pid
  for (let pid = process.pid; pid > 0; pid = parentOf(pid)) {
    try {
      readlinkSync(`/proc/${pid}/ns/mnt`)
      found = pid
    } catch {
      // Not ours to ask, as process 1 of a container's host is not.
    }
  }
  return found
}

const usualBpffs = (): string => {
  const outside = `/proc/${outermost()}/root${usual}`
  return isBpffs(usual) || !isBpffs(outside) ? usual : outside
}

/** Mounts the usual bpf file system where none is: a machine without systemd may have none. Rejects with WeftError not-supported. */
export const makeUsualBpffs = async (): Promise<void> => {
  if (isBpffs(usualBpffs())) return
  try {
    const theirs = `/proc/${outermost()}/ns/mnt`
    if (readlinkSync('/proc/self/ns/mnt') === readlinkSync(theirs)) return await mountBpffs(usual)
    await promisify(execFile)('nsenter', [`--mount=${theirs}`, 'mount', '-t', 'bpf', 'bpf', usual])
  } catch (cause) {
    const message = `cannot mount a bpf file system at ${usual}: ${(cause as Error).message.trim()}`
    throw new WeftError('not-supported', message, { hint: 'root may, where the kernel has eBPF', cause })
  }
}

/** A configuration that a command was given; undefined where it is wrong, which stderr then says. */
export const readClickConfiguration = async (
  context: Context,
  given: string | undefined,
  flags: { readonly expression: string | undefined; readonly define: readonly (readonly [string, string])[] },
): Promise<Configuration | undefined> => {
  const { text, file } = await readClickText(context, given, flags.expression)
  const variables = Object.fromEntries(flags.define)
  const { checked, diagnostics } = readRouter(text, file, { library: clickLibraries(context), variables })
  tellDiagnostics(context, diagnostics)
  return checked && { graph: checked.graph, text, file, variables }
}

/** What a router is called that was not given a name. */
export const nameOfFile = (file: string | undefined): string =>
  file === undefined || file === '-' ? 'router' : basename(file).replace(/(?<=.)\.[^.]*$/, '')
