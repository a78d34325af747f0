import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { compareRuns } from './support/compare.ts'
import { configurations } from './support/configurations.ts'
import { generateFrames } from './support/frames.ts'
import { ipConfigurations } from './support/ip-configurations.ts'

const reason = missing('bpf')?.message
const frames = generateFrames(1, 3)

for (const { name, text, handlers = [] } of [...configurations, ...ipConfigurations]) {
  t.test(
    `what the kernel makes of packets is what the reference makes of them: ${name}`,
    { skip: reason ?? false, timeout: 300_000 },
    async (t) => {
      const { kernel, reference, sentCount } = await compareRuns(text, frames, handlers)
      t.ok(sentCount > 0 || handlers.length > 0, 'something came of it')
      t.same(kernel, reference)
    },
  )
}
