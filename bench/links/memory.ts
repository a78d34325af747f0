/** What links take: of the kernel by what it charges for programs and maps, of the process by its heap. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { readInfo, readProgramInfo } from '../../agent/ebpf/info.ts'
import { pinnedMap, pinnedProgram } from '../../agent/ebpf/pins.ts'
import { readU32 } from '../../agent/netlink/codec/byte-order.ts'
import type { BpfDescriptor } from '../../native/bpf.ts'

/** `memlock` of fdinfo: proc(5), bpf_map_show_fdinfo and bpf_prog_show_fdinfo of the kernel. */
const chargedBytes = ({ number }: BpfDescriptor): number =>
  Number(/^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'))?.[1] ?? 0)

/** Of all programs and maps pinned below a directory, each counted once; programs with their machine code, which is not charged to them. */
export const pinnedBytes = (directory: string): number => {
  const seen = new Set<string>()
  let bytes = 0
  const once = (kind: string, descriptor: BpfDescriptor, more: () => number): void => {
    const key = `${kind} ${readU32(readInfo(descriptor, kind), 4)}`
    if (!seen.has(key)) bytes += chargedBytes(descriptor) + more()
    seen.add(key)
  }
  const visit = (path: string): void => {
    for (const name of readdirSync(path)) {
      const child = join(path, name)
      if (statSync(child).isDirectory()) visit(child)
      else if (path.endsWith('/programs')) {
        const program = pinnedProgram(child)
        if (program) once('program', program.descriptor, () => readProgramInfo(program.descriptor, child).jitedBytes)
        program?.close()
      } else if (path.endsWith('/maps')) {
        const map = pinnedMap(child)
        if (map) once('map', map.descriptor, () => 0)
        map?.close()
      }
    }
  }
  visit(directory)
  return bytes
}

let collect: (() => void) | undefined

/** Bytes of the process's heap that something refers to. */
export const heapBytes = (): number => {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
