import { readFileSync } from 'node:fs'
import t from 'tap'
import { readRouter } from '../../../click/read.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { HandlerReading } from '../../click/service/service.ts'
import { countsOf } from '../click/counters.ts'
import { type Admission, ownAdmission } from '../click/own/admission.ts'
import { excessOf, ownBudget } from '../click/own/budget.ts'
import { checkOwnClick } from '../click/own/check.ts'
import { copiesOf } from '../click/own/copies.ts'
import { admitOwn, ownFault } from '../click/own/fault.ts'
import { ownTextIn } from '../click/text/own.ts'
import { toInterface } from '../click/text/tunnel.ts'
import { vifText } from '../click/text/vif.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { interfaceOf, link, macOf } from './support/world.ts'

t.setTimeout(300_000)

const text = (click: string, guards: readonly string[] = ['mac']) =>
  vifText({
    vnet: 'a.v',
    link: 'l1',
    end: 'r1.0',
    vif: { name: 'vif1.0', index: 11 },
    own: { ...interfaceOf(macOf('vif1.0')), guards: [...guards], click },
    way: [],
    to: toInterface({ name: 'vif2.0', index: 12 }),
    attach: 'tcx',
  })

t.test('own Click stands between the guards and the link', async (t) => {
  t.equal(
    text('// mine\ninput -> c :: Counter -> output'),
    `\
// r1.0 of a.v, an end of the link l1: all that the guest sends by vif1.0 comes in here, and nothing of it reaches the host.
source :: Classifier(6/020000000100, -); // its own Ethernet address
source[1] -> spoofed_mac :: Counter -> Discard;
elementclass Own {
# 1 "a.v/r1.0"
// mine
input -> c :: Counter -> output
# 9 ""
}
own :: Own;
own -> left_own :: Counter;
out :: Queue -> ToDevice(vif2.0); // interface 12
FromDevice(vif1.0, ATTACH tcx) // interface 11
    -> sent :: Counter
    -> source
    -> own;
left_own
    -> out;
`,
  )
  t.notMatch(text(''), /own ::|Own/)
})

t.test('what comes for the node goes through its second ports, at the egress of the vif', async (t) => {
  const both = text('input -> output; input[1] -> c :: Counter -> [1]output')
  t.match(
    both,
    `left_own
    -> out;
FromHost(vif1.0) // interface 11: what comes for the guest
    -> [1] own;
own[1]
    -> Queue -> ToDevice(vif1.0);
`,
  )
  t.notMatch(text('input -> output'), /FromHost/)
})

t.test('landmarks speak of the operator’s lines, and behind them of the router’s', async (t) => {
  for (const guards of [[], ['mac'], ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra']]) {
    const router = text('\ninput -> c :: Counter -> output', guards)
    const { checked, diagnostics } = readRouter(router, 'a.v/l1/r1.0')
    t.same(diagnostics, [])
    const landmarkOf = (name: string) => checked?.graph.elements.find((element) => element.name === name)?.landmark
    t.equal(landmarkOf('own/c'), 'a.v/r1.0:2')
    const line = router.split('\n').findIndex((each) => each.startsWith('out ::')) + 1
    t.equal(landmarkOf('out'), `a.v/l1/r1.0:${line}`)
  }
})

t.test('the operator’s text is found again, whatever is in it', async (t) => {
  for (const click of [
    'input -> output',
    'input -> output; // für alle',
    'input -> output // interface {eth0}',
    'elementclass Own { input -> output }\ninput -> Own -> output;\n',
    'input -> c :: {\n# 7 "x"\ninput -> output\n} -> output',
  ]) {
    const router = text(click)
    t.equal(ownTextIn(router)?.replace('//  interface', '// interface'), click)
    t.same(
      readRouter(router).diagnostics.filter(({ severity }) => severity === 'error'),
      [],
      click,
    )
    t.notMatch(router, /\/\/ interface \{/)
  }
  t.equal(ownTextIn(text('')), undefined)
})

const withClick = (click: string): LinkSpec => {
  const spec = link({ vifs: ['vif1.0', 'vif2.0'] })
  return { ...spec, interfaces: spec.interfaces.map((own, i) => ({ ...own, click: i === 1 ? click : '' })) }
}

t.test('the example of docs/click.md may stand in it', async (t) => {
  const page = readFileSync(new URL('../../../docs/click.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf("### An operator's own Click"))
  const example = /\n\n((?: {4}.*\n)+)/.exec(section)?.[1]?.replaceAll(/^ {4}/gm, '') ?? ''
  t.match(example, /^\/\/ .*\ninput -> /)
  checkOwnClick(withClick(example))
})

t.test('what may not stand in it is refused with its line', async (t) => {
  const where = (click: string): string => {
    try {
      checkOwnClick(withClick(click))
      return ''
    } catch (error) {
      t.match(error, { code: 'config.invalid', object: 'link/l1' })
      return (error as WeftError).where
    }
  }
  t.equal(where('input -> Counter -> output'), '')
  t.equal(where('input -> t :: Tee -> output;\nt[1] -> ToHost;'), 'a.v/vif2.0.0:2')
  t.equal(where('input -> output; }\nevil :: { input -> ToDevice(eth0)'), 'a.v/vif2.0.0:2')
  t.match(where('input -> output; /* the end'), /^a\.v\/vif2\.0\.0:\d/)
  t.equal(where('input -> t :: Tee -> output;\nt[1] -> ToHost;'), 'a.v/vif2.0.0:2', 'asked again')
})

const copies = (click: string): number => {
  const { checked, diagnostics } = readRouter(text(click))
  if (!checked) throw new Error(JSON.stringify(diagnostics))
  return copiesOf(checked.graph)
}

t.test('copies are counted along every way, and have no end in loops', async (t) => {
  t.equal(copies('input -> Counter -> output'), 1)
  t.equal(copies('input -> t :: Tee(3) -> output; t[1] -> output; t[2] -> Discard'), 3)
  t.equal(copies('input -> a :: Tee -> b :: Tee -> c :: Null -> output; a[1] -> b; b[1] -> c'), 4)
  t.equal(copies('input -> s :: Switch -> a :: Tee -> output; a[1] -> output; s[1] -> output'), 2)
  const loop = 'x :: Null; input -> x -> c :: Classifier(0/00, -) -> x; c[1] -> t :: Tee -> output; t[1] -> output'
  t.equal(copies(loop), 2, 'a loop without copies')
  t.equal(copies('x :: Null; input -> x -> t :: Tee -> output; t[1] -> x'), Number.POSITIVE_INFINITY)
})

t.test('each part of the budget is told', async (t) => {
  const within = { copies: 1, instructions: 100, mapBytes: 100 }
  t.equal(excessOf(within), undefined)
  t.match(excessOf({ ...within, instructions: ownBudget.instructions + 1 }), /8193 instructions: at most 8192/)
  t.match(excessOf({ ...within, mapBytes: ownBudget.mapBytes + 1 }), /at most 16777216/)
  t.match(excessOf({ ...within, copies: 65 }), /become 65 of it: at most 64/)
  t.match(excessOf({ ...within, copies: Number.POSITIVE_INFINITY }), /any number/)
})

/** Strips as many different numbers of bytes as there are ways: what comes behind would be compiled for each. */
const exploding = (stages: number): string => {
  const all = Array.from({ length: stages }, (_, i) => i)
  return [
    ...all.map((i) => `s${i} :: Classifier(0/${String(i).padStart(2, '0')}, -); n${i} :: Null;`),
    'input -> s0;',
    ...all.map((i) => `s${i}[0] -> Strip(${1 << i}) -> n${i}; s${i}[1] -> n${i};`),
    ...all.slice(1).map((i) => `n${i - 1} -> s${i};`),
    `n${stages - 1} -> output;`,
  ].join('\n')
}

const admitting = async (admission: Admission, click: string): Promise<string> =>
  admission.admit({ file: 'a.v/l1/r1.0', text: text(click) }).then(
    () => '',
    (error: WeftError) => `${error.code}: ${error.message}`,
  )

t.test('what is too dear is found in a thread beside, which ends', async (t) => {
  const admission = ownAdmission({ idleMs: 50 })
  t.teardown(() => admission.close())
  t.equal(await admitting(admission, 'input -> Counter -> output'), '')
  t.match(await admitting(admission, exploding(8)), /^config\.invalid: .*instructions/)
  t.match(await admitting(admission, 'input -> Unstrip(4) -> output'), /^not-supported: .*Unstrip/)
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(await admitting(admission, 'input -> output'), '', 'it is started anew')
})

t.test('what takes too long ends with its thread, and another serves the next', async (t) => {
  const impatient = ownAdmission({ compileMs: 200 })
  t.teardown(() => impatient.close())
  t.match(await admitting(impatient, exploding(11)), /^config\.invalid: .*longer than 200 ms/)
  // On a loaded machine the first thing that a thread compiles may take as long, whatever it is.
  let told = 'not asked'
  for (let i = 0; i < 60 && told !== ''; i++) told = await admitting(impatient, 'input -> output')
  t.equal(told, '')
})

const step = (click: string): LinkStep => ({
  vnet: 'a.v',
  link: 'l1',
  action: 'change',
  reasons: [],
  operations: [{ op: 'put', router: 'a.v@r1.0', to: { file: 'a.v/l1/r1.0', text: text(click) }, from: undefined }],
  waitsFor: [],
})

t.test('failures of own Click are told as its own, others as they are', async (t) => {
  const refused = new WeftError('not-supported', 'own/u :: Unstrip: no room', { where: 'a.v/r1.0:3' })
  t.match(ownFault(step('input -> output'), refused), {
    code: 'config.invalid',
    message: 'link l1 of a.v: own Click: a.v/r1.0:3: u :: Unstrip: no room',
    where: 'a.v/r1.0:3',
    object: 'link/l1',
  })
  const wrapped = new WeftError('datapath.failed', 'link l1 of a.v: …', { cause: refused })
  t.match(ownFault(step('input -> output'), wrapped), { code: 'config.invalid' })
  t.equal(ownFault(step(''), wrapped), wrapped)
  const other = new WeftError('datapath.failed', 'link l1 of a.v: no such device', { cause: new Error('ENODEV') })
  t.equal(ownFault(step('input -> output'), other), other)
  const asked: string[] = []
  const admit = async ({ file }: { readonly file: string }) => void asked.push(file)
  await admitOwn({ admit }, step(''))
  await admitOwn({ admit }, step('input -> output'))
  t.same(asked, ['a.v/l1/r1.0'], 'only what has own Click')
})

const counter = (element: string, packets: number): readonly HandlerReading[] => [
  { element, class: 'Counter', handler: 'byte_count', value: String(100 * packets) },
  { element, class: 'Counter', handler: 'count', value: String(packets) },
]

t.test('a router’s counters say what went on and why the rest did not', async (t) => {
  const plain = [
    ...counter('spoofed_mac', 3),
    ...counter('not_ipv4', 2),
    ...counter('answered', 1),
    ...counter('sent', 20),
  ]
  t.same(countsOf(plain), {
    sent: { packets: 20, bytes: 2000 },
    passed: { packets: 14, bytes: 1400 },
    drops: [
      { reason: 'spoofed mac', packets: 3 },
      { reason: 'not ipv4', packets: 2 },
    ],
  })
  const own = [
    ...counter('spoofed_mac', 3),
    ...counter('left_own', 10),
    ...counter('not_ipv4', 2),
    ...counter('sent', 20),
  ]
  t.same(countsOf(own), {
    sent: { packets: 20, bytes: 2000 },
    passed: { packets: 8, bytes: 800 },
    drops: [
      { reason: 'spoofed mac', packets: 3 },
      { reason: 'not ipv4', packets: 2 },
      { reason: 'own click', packets: 7 },
    ],
  })
  const making = [...counter('left_own', 30), ...counter('sent', 20)]
  t.same(countsOf(making), { sent: { packets: 20, bytes: 2000 }, passed: { packets: 30, bytes: 3000 }, drops: [] })
})
