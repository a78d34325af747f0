import type { DatapathDriver } from './driver.ts'

/** A driver that is probed once: what a kernel can does not change under an agent, and trying makes interfaces. */
export const probedOnce = (driver: DatapathDriver): DatapathDriver => {
  let answer: ReturnType<DatapathDriver['probe']> | undefined
  return {
    ...driver,
    probe: () => {
      answer ??= driver.probe()
      return answer
    },
  }
}
