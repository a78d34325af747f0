/** Text of XML, and what domains of every hypervisor write alike. https://libvirt.org/formatdomain.html */
import { formatCpuset, parseCpuset } from '../../../proto/cpuset.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'

export const escapeXml = (text: string): string =>
  text.replace(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`)

export const unescapeXml = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')

/** Of a node that is pinned, '' else: as libvirt writes it. */
const cpusetOf = ({ cpu }: SliceNode): string => formatCpuset(parseCpuset(cpu?.pins ?? '') ?? [])

/** How many, and the host's CPUs that they run on: all that runs for the node stays there, also an emulator's own threads. */
export const vcpuElement = (node: SliceNode): string => {
  const cpuset = cpusetOf(node)
  return `  <vcpu${cpuset === '' ? '' : ` cpuset='${cpuset}'`}>${node.cpu?.count || 1}</vcpu>`
}

/** Each virtual CPU by itself, for a driver of libvirt that does not look at the set of all of them (libxl). */
export const vcpuPins = (node: SliceNode): readonly string[] => {
  const cpuset = cpusetOf(node)
  if (cpuset === '') return []
  const pins = Array.from(
    { length: node.cpu?.count || 1 },
    (_, vcpu) => `    <vcpupin vcpu='${vcpu}' cpuset='${cpuset}'/>`,
  )
  return ['  <cputune>', ...pins, '  </cputune>']
}

/** Microseconds: the kernel's default for cpu.cfs_period_us. */
const periodMicroseconds = 100_000
/** libvirt refuses less than a thousandth of a second. */
const leastQuotaMicroseconds = 1000

/** A node's quota is of all its CPUs together: a container's plain one, a virtual machine's `global_` one, whose plain one is of each CPU. */
export const cpuTuning = ({ cpu }: SliceNode, quotaPrefix: '' | 'global_' = ''): readonly string[] => {
  const { shares = 0, quotaMillis = 0 } = cpu ?? {}
  const quota = Math.max(leastQuotaMicroseconds, Math.round((quotaMillis * periodMicroseconds) / 1000))
  const element = (name: string, value: number): string => `    <${name}>${value}</${name}>`
  const lines = [
    // cpu.shares has a floor of 2 (Documentation/scheduler/sched-design-CFS.rst).
    ...(shares > 0 ? [element('shares', Math.max(2, shares))] : []),
    ...(quotaMillis > 0
      ? [element(`${quotaPrefix}period`, periodMicroseconds), element(`${quotaPrefix}quota`, quota)]
      : []),
  ]
  return lines.length > 0 ? ['  <cputune>', ...lines, '  </cputune>'] : []
}
