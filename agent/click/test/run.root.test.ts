import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { allConfigurations, framesFor } from './support/all.ts'
import { compareRuns } from './support/compare.ts'

t.setTimeout(1_200_000)
const skip = missing('bpf')?.message ?? false
/** How often each kind of packet comes. */
const rounds = Number(process.env.WEFT_CLICK_ROUNDS ?? 2)
const frames = framesFor(Number(process.env.WEFT_CLICK_SEED ?? 1), rounds)

for (const configuration of allConfigurations) {
  t.test(
    `what the kernel makes of packets is what the reference makes of them: ${configuration.name}`,
    { skip, timeout: 300_000 },
    async (t) => {
      const { kernel, reference, sentCount } = await compareRuns(configuration, frames(configuration))
      t.ok(sentCount > 0 || (configuration.handlers ?? []).length > 0, 'something came of it')
      t.same(kernel, reference)
    },
  )
}
