import t from 'tap'
import { checkKinds, formatKinds, hostKindNames, kindOf, parseKinds, virtualHosts } from '../kinds.ts'

t.test('a kind is told of all hosts, of some, or of both', (t) => {
  const of = (text: string) => ['west', 'east'].map((host) => kindOf(parseKinds(text), host))
  t.same(of('xen'), ['xen', 'xen'])
  t.same(of('east=xen'), ['virtual', 'xen'])
  t.same(of('east=xen, west=kernel'), ['kernel', 'xen'])
  t.same(of('kernel,east=virtual'), ['kernel', 'virtual'])
  t.same(
    ['west', 'east'].map((host) => kindOf(virtualHosts, host)),
    ['virtual', 'virtual'],
  )
  t.end()
})

t.test('what is no kind is refused with what would be right', (t) => {
  for (const text of [
    '',
    'kvm',
    'east=',
    '=xen',
    'east=xen=kernel',
    'xen,kernel',
    'east=xen,east=kernel',
    'east=kvm',
  ]) {
    t.throws(() => parseKinds(text), { message: /virtual, kernel, xen, or HOST=KIND/ }, text)
  }
  t.end()
})

t.test('what was read is written so that it is read again', (t) => {
  for (const text of [...hostKindNames, 'virtual,east=xen,west=kernel', 'kernel,east=virtual']) {
    t.equal(formatKinds(parseKinds(text)), text)
  }
  t.end()
})

t.test('hosts that the lab does not have are named', (t) => {
  t.throws(() => checkKinds(parseKinds('esat=xen'), ['west', 'east']), {
    code: 'lab.unknown',
    object: 'host/esat',
    hint: /east/,
  })
  t.doesNotThrow(() => checkKinds(parseKinds('east=xen'), ['west', 'east']))
  t.end()
})
