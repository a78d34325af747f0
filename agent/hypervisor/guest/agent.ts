/**
 * The protocol of QEMU's guest agent, which stock images of virtual machines speak, over whatever channel a hypervisor has for it.
 * https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
 */
import { WeftError } from '../../../proto/errors.ts'

/**
 * Sends one command and settles with what it returns. Throws WeftError: hypervisor.failed where nobody answers in time, or what the agent
 * itself refuses.
 */
export type AgentChannel = (
  command: string,
  words: Readonly<Record<string, unknown>>,
  timeoutMs: number,
) => Promise<unknown>

export interface GuestAgent {
  /** Settles when it answers. */
  ping(timeoutMs: number): Promise<void>
  /** Starts a program; its process id. What it prints is kept by the agent. */
  start(program: Program): Promise<number>
  /** undefined: it has not ended. */
  status(pid: number): Promise<Ended | undefined>
}

export interface Program {
  /** Absolute: the search path is the agent's own. */
  readonly path: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** For its standard input. */
  readonly input?: Uint8Array
}

export interface Ended {
  /** 128 + n of signal n. */
  readonly exitStatus: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/** Of one command and its answer, which take milliseconds: a machine may be loaded, and its guests wait for it. */
const callTimeoutMs = 60_000

interface ExecStatus {
  readonly exited: boolean
  readonly exitcode?: number
  readonly signal?: number
  readonly 'out-data'?: string
  readonly 'err-data'?: string
}

const bytesOf = (base64: string | undefined): Uint8Array => Buffer.from(base64 ?? '', 'base64')

export const guestAgent = (channel: AgentChannel): GuestAgent => ({
  ping: async (timeoutMs) => void (await channel('guest-ping', {}, timeoutMs)),
  start: async ({ path, words, env, input }) => {
    const answer = await channel(
      'guest-exec',
      {
        path,
        arg: words,
        env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
        'capture-output': true,
        ...(input ? { 'input-data': Buffer.from(input).toString('base64') } : {}),
      },
      callTimeoutMs,
    )
    const { pid } = answer as { readonly pid?: unknown }
    if (typeof pid === 'number' && Number.isSafeInteger(pid)) return pid
    throw new WeftError('hypervisor.failed', 'the guest agent tells no process id')
  },
  status: async (pid) => {
    const status = (await channel('guest-exec-status', { pid }, callTimeoutMs)) as ExecStatus
    if (status.exited !== true) return undefined
    const { exitcode, signal = 0, 'out-data': out, 'err-data': err } = status
    return { exitStatus: exitcode ?? 128 + signal, stdout: bytesOf(out), stderr: bytesOf(err) }
  },
})
