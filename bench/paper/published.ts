/**
 * What the paper measured: P. Papadimitriou, O. Maennel, A. Greenhalgh, A. Feldmann, L. Mathy, "Implementing Network Virtualization for a Future
 * Internet", 20th ITC Specialist Seminar, 2009, section V-A, tables I to III. Its hosts were Dell PowerEdge 2950 with Xen, a machine each.
 */
import type { Summary } from '../statistics.ts'

type Published = Omit<Summary, 'count'>

/** Seconds until the VNet of figure 6 can be used, consoles included: tables I and II. */
export const publishedSeconds = {
  /** Virtual machines on demand, resources discovered at the PIP. */
  'on-demand': { least: 103.38, mean: 109.47, greatest: 119.27, deviation: 4.43 },
  /** On demand, resources discovered at the VNP. */
  'at-vnp': { least: 104.08, mean: 110.37, greatest: 120.79, deviation: 4.27 },
  /** Virtual machines that were there already, resources discovered at the PIP. */
  preallocated: { least: 15.72, mean: 16.75, greatest: 17.59, deviation: 0.41 },
} as const satisfies Readonly<Record<string, Published>>

/** Percent of a CPU while a VNet is instantiated on demand, resources discovered at the PIP: table III. */
export const publishedPercent = {
  vnp: { least: 20.38, mean: 23.45, greatest: 25.49, deviation: 1.52 },
  host: { least: 16.33, mean: 19.15, greatest: 22.61, deviation: 2.05 },
} as const satisfies Readonly<Record<string, Published>>
