import t from 'tap'
import { assemble, formatProgram } from '../../ebpf/asm/asm.ts'
import { compile } from '../compile/compile.ts'
import { allConfigurations } from './support/all.ts'
import { graphOf } from './support/compare.ts'

const device = () => 7
const compiled = (text: string) => compile(graphOf(text), { device })

const refused = [
  [
    'an element that is not compiled',
    'FromDevice(in) ->\n m :: Suppressor -> Discard',
    /m :: Suppressor.* not supported/,
    'test.click:2',
  ],
  [
    'bytes before the frame',
    'FromDevice(in) -> Unstrip(4) -> Discard',
    /4 bytes before the frame not supported/,
    'test.click:1',
  ],
  [
    'a header that nobody has found',
    'FromDevice(in) -> DecIPTTL -> Discard',
    /network header.* not supported/,
    'test.click:1',
  ],
  ['too short a frame', 'FromDevice(in) -> Truncate(13) -> Discard', /not supported/, 'test.click:1'],
  [
    'a device twice',
    'FromDevice(in) -> Discard; FromDevice(in) -> Discard',
    /second FromDevice of in not supported/,
    'test.click:1',
  ],
  [
    'copies in XDP',
    'FromDevice(in, ATTACH xdp) ->\nt :: Tee -> Discard; t[1] -> Discard',
    /copy of a packet, in XDP, not supported/,
    'test.click:2',
  ],
] as const

const ofDevices = ['SNIFFER true', 'FORCE_IP true', 'OUTBOUND true', 'PROTOCOL 0x800', 'BPF_FILTER tcp', 'ACTIVE false']
const ofBoth = ['ALLOW_NONEXISTENT true', 'UP_CALL x.y', 'DOWN_CALL x.y']

t.test('what Click can be told of reading and sending has no effect, or is not supported', async (t) => {
  const effectless = 'SNAPLEN 2000, SNIFFER false, METHOD LINUX, HEADROOM 64, BURST 8, TIMESTAMP true, QUIET true'
  t.same(
    compiled(`FromDevice(in, true, ${effectless}) -> Queue -> ToDevice(out, 16, QUEUE 1, NO_PAD true, QUIET true)`)
      .programs,
    compiled('FromDevice(in) -> Queue -> ToDevice(out)').programs.map((program) => ({
      ...program,
      element: { ...program.element, configuration: `in, true, ${effectless}` },
    })),
  )
  for (const given of [...ofDevices, ...ofBoth]) {
    const message = new RegExp(`${given.split(' ')[0]}.* not supported`)
    t.throws(() => compiled(`FromDevice(in, ${given}) -> Discard`), { code: 'not-supported', message }, given)
  }
  for (const given of [...ofBoth, 'NO_PAD false']) {
    const message = new RegExp(`${given.split(' ')[0]}.* not supported`)
    t.throws(() => compiled(`FromDevice(in) -> ToDevice(out, ${given})`), { code: 'not-supported', message }, given)
  }
})

for (const [name, text, message, where] of refused) {
  t.test(`what is not supported is refused by name and place: ${name}`, async (t) => {
    t.throws(() => compiled(text), { code: 'not-supported', message, where })
  })
}

t.test(
  'more maps than the kernel gives a program are refused by the element that needs the first of them',
  async (t) => {
    const lookups = (count: number) =>
      `FromDevice(in) ->\n${Array.from({ length: count }, (_, i) => `r${i} :: StaticIPLookup(0/0 0)`).join(' ->\n')} -> Discard`
    t.ok(compiled(lookups(5)))
    t.throws(() => compiled(lookups(65)), {
      code: 'not-supported',
      message: /^r\d+ :: StaticIPLookup: .*64\) not supported/,
    })
  },
)

t.test('wrong arguments are refused as such', async (t) => {
  t.throws(() => compiled('FromDevice(in) -> Paint(256) -> Discard'), { code: 'config.invalid', where: 'test.click:1' })
})

t.test('every configuration of the tests becomes programs whose labels and jumps fit', async (t) => {
  for (const { name, text } of allConfigurations) {
    const { programs } = compiled(text)
    t.ok(programs.length > 0, name)
    for (const { program } of programs) t.ok(assemble(program).bytes.length > 0)
  }
})

t.test('the printed program says which element an instruction is of', async (t) => {
  const [{ program } = { program: [] }] = compiled('FromDevice(in) ->\nc :: Counter\n-> Discard').programs
  const lines = formatProgram(program).split('\n')
  const counter = lines.indexOf('; c :: Counter (test.click:2)')
  t.ok(counter > 0)
  t.match(lines[counter + 1], /map\[state\]/)
})

t.test('a thousand elements are a program of some thousand instructions', async (t) => {
  const chain = Array.from({ length: 1000 }, (_, i) => `c${i} :: Counter`).join(' -> ')
  const [{ program } = { program: [] }] = compiled(`FromDevice(in) -> ${chain} -> ToDevice(out)`).programs
  t.ok(program.length < 20_000, `${program.length} instructions for 1,000 elements`)
})
