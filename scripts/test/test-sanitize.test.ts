import t from 'tap'
import { findings, notExamined } from '../test-sanitize.ts'

const leak = (frames: string): string => `Direct leak of 32 byte(s) in 1 object(s) allocated from:
    #0 0x7f operator new(unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:95
${frames}`

const leaks = (...blocks: readonly string[]): string =>
  [
    '\n=================================================================\n==1==ERROR: LeakSanitizer: detected memory leaks',
    ...blocks,
    'SUMMARY: AddressSanitizer: 64 byte(s) leaked in 2 allocation(s).\n',
  ].join('\n\n')

const ofNode = leak('    #1 0x91 in node::contextify::ContextifyContext::New (/usr/bin/node+0x91)')
const ofOurs = leak('    #1 0x7f in weft::Session::Open() ../native/src/libvirt/session.cc:43')
const ofLibrary = leak(`    #1 0x7f in g_malloc (/lib/libglib-2.0.so.0+0x1)
    #2 0x7f in virDomainGetXMLDesc (/lib/libvirt.so.0+0x1)
    #3 0x7f  (/project/build/Debug/weft_libvirt.node+0x1)`)
const unsettled = leak(`    #1 0x8b in napi_create_promise (/usr/bin/node+0x8b)
    #2 0x7f in weft::Connection::Run ../native/src/libvirt/connection.cc:181`)

t.test('what an addon allocated and lost is found, also through a library', async (t) => {
  t.same(findings(leaks(ofNode, ofOurs, ofLibrary)), [ofOurs, ofLibrary])
})

t.test('what Node lost by itself is none of ours, nor a promise that was not settled in time', async (t) => {
  t.same(findings(leaks(ofNode, unsettled)), [])
  t.same(findings(''), [])
})

t.test(
  'an error that libvirt keeps of a broken connection is not ours to free; one that our code saved is',
  async (t) => {
    const ourFrame = '    #5 0x7f  (/project/build/Debug/weft_libvirt.node+0x1)'
    const kept = leak(`    #1 0x7f in g_malloc0 (/lib/libglib-2.0.so.0+0x5)
    #2 0x7f in virSaveLastError (/lib/libvirt.so.0+0x1)
    #3 0x7f  (/lib/libvirt.so.0+0x1)
    #4 0x7f in virObjectUnref (/lib/libvirt.so.0+0x1)
${ourFrame}`)
    const asked = leak(`    #1 0x7f in g_malloc0 (/lib/libglib-2.0.so.0+0x5)
    #2 0x7f in virSaveLastError (/lib/libvirt.so.0+0x1)
${ourFrame}`)
    t.same(findings(leaks(kept, asked)), [asked])
  },
)

t.test('any other report is a finding as a whole', async (t) => {
  const overflow = '==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60\n    #0 0x1 in somewhere'
  t.same(findings(overflow), [overflow])
  const undefinedBehaviour = '../native/src/util/fd.h:1:1: runtime error: signed integer overflow'
  t.same(findings(undefinedBehaviour), [undefinedBehaviour])
})

t.test('a search for leaks that gave up is told apart from a finding', async (t) => {
  const gaveUp = 'Tracer caught signal 11\n==1==LeakSanitizer has encountered a fatal error.'
  t.ok(notExamined(gaveUp))
  t.same(findings(gaveUp), [])
  const both = `==1==ERROR: AddressSanitizer: heap-use-after-free\n${gaveUp}`
  t.notOk(notExamined(both))
  t.same(findings(both), [both])
})
