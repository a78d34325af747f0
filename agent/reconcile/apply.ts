/** Does one step. Drivers take back what a failed call half did; what they throw comes out with a code. */
import { WeftError } from '../../proto/errors.ts'
import type { IdleNode } from '../hypervisor/driver.ts'
import type { Drivers } from './observe.ts'
import { describeStep, type Step } from './plan.ts'
import { asWeftError } from './plan-links.ts'

const named = <T extends { readonly name: string }>(drivers: readonly T[], name: string): T => {
  const driver = drivers.find((one) => one.name === name)
  if (!driver) throw new WeftError('internal', `a step was planned for the driver ${name}, which is not there`)
  return driver
}

/** @param onTaken the node was taken from a pool, and is configured once this has settled */
export const applyStep = async (
  vnet: string,
  step: Step,
  { hypervisors, datapaths }: Drivers,
  onTaken: (from: IdleNode) => Promise<void>,
): Promise<void> => {
  try {
    switch (step.kind) {
      case 'node.remove':
        return await named(hypervisors, step.hypervisor).remove(vnet, step.node)
      case 'node.start': {
        const driver = named(hypervisors, step.spec.node.hypervisor)
        const from = (await driver.start(step.spec, step.from)) ? step.from : undefined
        if (from) await onTaken(from)
        // The next look would find nothing else to do for it. Where this fails, that look plans it alone.
        return await driver.configure(from ? { ...step.spec, slot: from.slot } : step.spec)
      }
      case 'node.configure':
        return await named(hypervisors, step.spec.node.hypervisor).configure(step.spec)
      case 'link':
        return await named(datapaths, step.datapath).apply(step.step)
    }
  } catch (thrown) {
    const error = asWeftError(thrown)
    if (error.code !== 'internal') throw error
    throw new WeftError('internal', `${describeStep(step)} of ${vnet}: ${error.message}`, { cause: thrown })
  }
}
