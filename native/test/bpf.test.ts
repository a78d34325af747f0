/** What the addon refuses by itself, and how it says so: no right to bpf(2) is needed. */
import t from 'tap'
import { type BpfAddon, loadBpf } from '../bpf.ts'
import { openDescriptors } from './support/process.ts'

const bpf = loadBpf()
const exported: Record<keyof BpfAddon, true> = {
  call: true,
  callLater: true,
  open: true,
  openLater: true,
  mapMemory: true,
  unmapMemory: true,
}
const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }
type Loose = (...args: readonly unknown[]) => unknown
const call = bpf.call as Loose
const open = bpf.open as Loose

t.test('what is exported is what is declared', async (t) => {
  t.same(Object.keys(bpf).sort(), Object.keys(exported).sort())
})

t.test('arguments of the wrong kind are refused by name', async (t) => {
  const attribute = Buffer.alloc(16)
  for (const run of [call, open, bpf.callLater as Loose, bpf.openLater as Loose]) {
    t.throws(() => run('0', attribute), { ...wrong, message: /'command'/ })
    t.throws(() => run(-1, attribute), range)
    t.throws(() => run(0), { ...wrong, message: /'attribute'/ })
    t.throws(() => run(0, new Uint16Array(8)), wrong)
    t.throws(() => run(0, Buffer.alloc(4097)), { ...range, message: /'attribute'/ })
    t.throws(() => run(0, attribute, {}), { ...wrong, message: /'references'/ })
    t.throws(() => run(0, attribute, [1]), { ...wrong, message: /'references\[0\]'/ })
    t.throws(() => run(0, attribute, [{ at: 0, to: {} }]), { ...wrong, message: /'references\[0\].to'/ })
    t.throws(() => run(0, attribute, [{ at: 0, to: 'text' }]), wrong)
    t.throws(() => run(0, attribute, [{ at: -1, to: attribute }]), range)
    t.throws(() => run(0, attribute, [{ at: 9, to: attribute }]), { ...range, message: /within the attribute/ })
    t.throws(() => run(0, Buffer.alloc(4), [{ at: 0, to: attribute }]), range)
    t.throws(() => run(0, attribute, [{ at: 2 ** 32 - 1, to: attribute }]), range)
    t.throws(() => run(0, attribute, [], 1), { ...wrong, message: /'options'/ })
    t.throws(() => run(0, attribute, [], { namespace: 1 }), { ...wrong, message: /'options.namespace'/ })
  }
  t.throws(() => (bpf.mapMemory as Loose)({}, 4096), { ...wrong, message: /'descriptor'/ })
  t.throws(() => (bpf.unmapMemory as Loose)(attribute), { ...wrong, message: /'memory'/ })
})

t.test('a refused call names itself and the errno, and leaves the attribute without addresses', async (t) => {
  const before = openDescriptors()
  const attribute = Buffer.alloc(128)
  const target = Buffer.alloc(8)
  t.throws(() => bpf.call(9999, attribute, [{ at: 8, to: target }]), { syscall: 'bpf', code: /EINVAL|EPERM/ })
  t.same(attribute, Buffer.alloc(128))
  t.throws(() => bpf.open(9999, attribute), { syscall: 'bpf', code: /EINVAL|EPERM/ })
  const later = bpf.callLater(9999, attribute, [{ at: 8, to: target }])
  await t.rejects(later, { syscall: 'bpf', code: /EINVAL|EPERM/ })
  t.same(attribute, Buffer.alloc(128))
  await t.rejects(bpf.openLater(9999, attribute), { syscall: 'bpf', code: /EINVAL|EPERM/ })
  await t.rejects(bpf.openLater(9999, attribute, [], { namespace: '/nowhere' }), {
    code: 'ENOENT',
    subject: '/nowhere',
  })
  t.throws(() => bpf.call(9999, attribute, [], { namespace: '/nowhere' }), { code: 'ENOENT', subject: '/nowhere' })
  t.equal(openDescriptors(), before)
})

t.test('what a getter detaches or throws meanwhile does no harm', async (t) => {
  const buffer = new ArrayBuffer(64)
  const attribute = new Uint8Array(buffer)
  const detaches = {
    get at() {
      structuredClone(buffer, { transfer: [buffer] })
      return 0
    },
    to: new Uint8Array(8),
  }
  t.throws(() => bpf.call(0, attribute, [detaches]), range)
  const throws = {
    get at(): number {
      throw new Error('from the getter')
    },
    to: attribute,
  }
  t.throws(() => bpf.call(0, Buffer.alloc(64), [throws]), { message: 'from the getter' })
})
