/** What a host of the bench can do: it has links, and one more is added and removed. */
export interface LinkHost {
  /** Adds links `from` to `to` (without it) at once, in VNets of many; seconds. */
  fill(from: number, to: number): Promise<number>
  /** Adds one link, in a VNet of its own; its cost. */
  add(): Promise<Cost>
  /** Takes it away. */
  remove(): Promise<void>
  /** Bytes that the kernel holds for routers. */
  kernelBytes(): number
  close(): Promise<void>
}

export interface Cost {
  readonly seconds: number
  /** Of a processor, the kernel's work for the process included: what others do on the machine is not in it. */
  readonly cpuSeconds: number
}

export const costOf = async (work: () => Promise<void>): Promise<Cost> => {
  const before = process.cpuUsage()
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(before)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}
