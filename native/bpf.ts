/**
 * The whole surface of the bpf addon: bpf(2), descriptors that are closed, and the memory of arrays. What is said over the call is
 * laid out in TypeScript (agent/ebpf); the addon owns descriptors and mappings and nothing else.
 */
import { loadAddon } from './load-addon.ts'

/** A map, program, link or BTF of the kernel's. Closed when it is collected, at the latest. */
export interface BpfDescriptor {
  /** For descriptors within other bytes (instructions, devmaps): keep the object as long. Throws EBADF once closed. */
  readonly number: number
  /** Idempotent. What is pinned, attached or used by something that is, stays in the kernel. */
  close(): void
  readonly closed: boolean
}

/** A field of `union bpf_attr` that the addon fills in for the time of the call. */
export interface BpfReference {
  /** Bytes from the start of the attribute. */
  readonly at: number
  /**
   * A buffer whose address is wanted (64 bits), or a descriptor whose number is (32 bits). The kernel writes into a buffer as far as
   * the command says, whatever its length: the caller gives enough room.
   */
  readonly to: Uint8Array | BpfDescriptor
}

export interface BpfOptions {
  /** Path of a network namespace in which to call, where interface indexes are looked up; the process's own without it. */
  readonly namespace?: string
}

export interface BpfAddon {
  /**
   * Calls bpf(2) with a command (linux/bpf.h enum bpf_cmd) that answers with a number, mostly 0. What the kernel writes into the
   * attribute (at most 4096 bytes) is there afterwards, also where the call fails. Throws with `code`, `syscall`, `errno`.
   */
  call(command: number, attribute: Uint8Array, references?: readonly BpfReference[], options?: BpfOptions): number
  /** The same for commands that answer with a new descriptor. */
  open(
    command: number,
    attribute: Uint8Array,
    references?: readonly BpfReference[],
    options?: BpfOptions,
  ): BpfDescriptor
  /**
   * As `call`, on a thread of libuv's: some commands wait until others have let go of the kernel's lock on interfaces, or for a grace period of RCU.
   * Throws where an argument is wrong, rejects where the call fails; what the kernel wrote is in the attribute before it settles. Descriptors may be
   * closed meanwhile; the attribute and buffers are the kernel's until then.
   */
  callLater(
    command: number,
    attribute: Uint8Array,
    references?: readonly BpfReference[],
    options?: BpfOptions,
  ): Promise<number>
  /** The same for commands that answer with a new descriptor. */
  openLater(
    command: number,
    attribute: Uint8Array,
    references?: readonly BpfReference[],
    options?: BpfOptions,
  ): Promise<BpfDescriptor>
  /**
   * The values of an array made with BPF_F_MMAPABLE, shared with the programs that use it (mmap(2)). Outlives the descriptor; unmapped
   * when it is collected. `bytes` from 1 to 2^32 - 1, not more than whole pages of the array hold. Throws with syscall `mmap`.
   */
  mapMemory(descriptor: BpfDescriptor, bytes: number): ArrayBuffer
  /** Unmaps soon, instead of when it is collected: the ArrayBuffer is detached at once. Idempotent. */
  unmapMemory(memory: ArrayBuffer): void
}

/** Loads the addon; throws ERR_ADDON_UNAVAILABLE with the reason where it was not built. */
export const loadBpf = (): BpfAddon => loadAddon<BpfAddon>('bpf')
