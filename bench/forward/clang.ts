/** forward.c to instructions, by clang, where it is installed: nothing else here needs it. */
import { execFile } from 'node:child_process'
import { arch } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Program } from '../../agent/ebpf/asm/asm.ts'
import { readObject } from './elf.ts'

const run = promisify(execFile)

/** Why there is no C to compare with; undefined where there is. */
export const clangProblem = async (): Promise<string | undefined> => {
  try {
    await run('clang', ['--version'])
    return undefined
  } catch {
    return 'clang is not installed: sh scripts/setup.sh bench'
  }
}

/** Debian keeps what <linux/types.h> needs in a directory of the machine's architecture. */
const machines: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

export type Definitions = Readonly<Record<string, string | number | true>>

/** Rejects with clang's words. */
export const compileC = async (definitions: Definitions): Promise<Program> => {
  const flags = Object.entries(definitions).map(([name, value]) =>
    value === true ? `-D${name}` : `-D${name}=${value}`,
  )
  const { stdout } = await run(
    'clang',
    [
      ...['-O2', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Wextra', '-Werror'],
      ...['-idirafter', `/usr/include/${machines[arch()] ?? arch()}-linux-gnu`],
      ...flags,
      ...['-c', join(import.meta.dirname, 'forward.c'), '-o', '-'],
    ],
    { encoding: 'buffer' },
  )
  return readObject(stdout, 'program', new Set(['trie']))
}
