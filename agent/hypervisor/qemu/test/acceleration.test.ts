import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tryAcceleration } from '../acceleration.ts'

/** An emulator that is a script, a device and a kernel that are files. */
const machine = (t: Test, script: string) => {
  const directory = t.testdir({ kvm: '', kernel: '' })
  const emulator = join(directory, 'emulator')
  writeFileSync(emulator, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const kernels = async () => [join(directory, 'nothing'), join(directory, 'kernel')]
  return { emulator, device: join(directory, 'kvm'), kernels }
}

t.test('a guest that finds no root file system has booted', async (t) => {
  const script = 'echo "$*"; echo "Kernel panic - not syncing: VFS: Unable to mount root fs"; exec sleep 600'
  t.same(await tryAcceleration(machine(t, script)), { problem: '', isTried: true })
})

t.test('a guest that dies, hangs or never begins says why', async (t) => {
  const died = 'echo "[ 0.0] Linux version"; echo "KVM internal error. Suberror: 1" >&2; exec sleep 600'
  t.match(await tryAcceleration(machine(t, died)), { problem: /KVM internal error\. Suberror: 1/, isTried: true })
  const silent = { ...machine(t, 'exec sleep 600'), silenceMs: 50 }
  t.match(await tryAcceleration(silent), { problem: /it says nothing/, isTried: true })
  const endless = { ...machine(t, 'while :; do echo x; sleep 0.01; done'), timeoutMs: 300 }
  t.match(await tryAcceleration(endless), { problem: /does not come to its end/, isTried: true })
  const refused = machine(t, 'echo "Could not access KVM kernel module" >&2; exit 1')
  t.match(await tryAcceleration(refused), { problem: /Could not access KVM/, isTried: true })
})

t.test('without a device or a kernel nothing is tried, and may be later', async (t) => {
  const good = machine(t, 'exit 0')
  t.match(await tryAcceleration({ ...good, device: '/nonexistent' }), { problem: /no \/nonexistent/, isTried: false })
  t.match(await tryAcceleration({ ...good, kernels: async () => ['/nonexistent'] }), { isTried: false })
})
