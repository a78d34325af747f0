import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { compile } from '../compile/compile.ts'
import { xdpRefusal } from '../compile/xdp.ts'
import { loadRouter } from '../router.ts'
import { allConfigurations, framesFor } from './support/all.ts'
import { graphOf } from './support/compare.ts'
import { compareXdp, mostXdpFrame } from './support/xdp.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false
const frames = framesFor(2, 2)

// What the host sends goes by no XDP program.
for (const configuration of allConfigurations.filter(({ text }) => !text.includes('FromHost'))) {
  const refusal = xdpRefusal(graphOf(configuration.text))
  t.test(
    `what an XDP program makes of frames is what the reference makes of them: ${configuration.name}`,
    { skip: skip || refusal?.message || false },
    async (t) => {
      const sent = frames(configuration).filter(({ length }) => length >= 14 && length <= mostXdpFrame)
      const { kernel, reference, sentCount } = compareXdp(configuration, sent)
      t.ok(sentCount > 0 || (configuration.handlers ?? []).length > 0, 'something came of it')
      t.same(kernel, reference)
    },
  )
}

const refused = [
  ['copies', 'FromDevice(in) ->\nt :: Tee -> ToDevice(a); t[1] -> ToDevice(b)', /t :: Tee: .*in XDP, not supported/],
  ['the host elsewhere', 'FromDevice(in) ->\nh :: ToHost(other)', /h :: ToHost: .*in XDP, not supported/],
] as const

for (const [name, text, message] of refused) {
  t.test(`what XDP cannot do is refused by element and place: ${name}`, async (t) => {
    t.match(xdpRefusal(graphOf(text)), { code: 'not-supported', message, where: 'test.click:2' })
  })
}

t.test('each FromDevice has the hook that is asked for', async (t) => {
  const graph = graphOf('FromDevice(a, ATTACH xdp) -> ToDevice(c); FromDevice(b) -> ToHost; FromHost(f) -> Discard')
  const hooks = (of: ReturnType<typeof compile>) =>
    of.programs.map(({ device, direction, hook, attach }) => `${device} ${direction} ${hook} ${attach}`)
  t.same(hooks(compile(graph, { device: () => 1 })), ['a ingress xdp xdp', 'b ingress tc auto', 'f egress tc auto'])
  t.same(hooks(compile(graph, { device: () => 1, hook: ({ device }) => (device === 'b' ? 'xdp' : 'tc') })), [
    'a ingress tc xdp',
    'b ingress xdp auto',
    'f egress tc auto',
    // What the XDP program lets pass is the host's own whatever its address.
    'b ingress tc auto',
  ])
})

t.test('a router whose packets come round runs in XDP', { skip }, async (t) => {
  const router = loadRouter(
    compile(graphOf('FromDevice(in, ATTACH xdp) -> c :: Counter -> s :: Switch(0); s[0] -> c; s[1] -> ToDevice(out)'), {
      device: () => 1,
    }),
  )
  t.teardown(() => router.close())
  t.equal(router.programs[0]?.program.kind, 'xdp')
})
