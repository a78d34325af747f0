import { execFileSync } from 'node:child_process'
import t from 'tap'
import { networkScript } from '../network-script.ts'

const one = { index: 0, mac: '02:00:00:00:00:0A', mtu: 1400, addresses: ['10.0.0.1/30', '2001:DB8:0::1/64'] }

t.test('names first, of all of them, then what each is given', async (t) => {
  const script = networkScript([one, { index: 2, mac: '02:00:00:00:00:0c', mtu: 1500, addresses: [] }])
  t.same(script.slice(1), [
    'raise lo',
    'aside 02:00:00:00:00:0a eth0',
    'aside 02:00:00:00:00:0c eth2',
    'named 02:00:00:00:00:0a eth0',
    'named 02:00:00:00:00:0c eth2',
    'configure eth0 1400 10.0.0.1/30 2001:db8::1/64',
    'configure eth2 1500',
  ])
  execFileSync('sh', ['-n'], { input: script.join('\n') })
})

t.test('nothing of a request is read as a command', async (t) => {
  t.throws(() => networkScript([{ ...one, addresses: ['10.0.0.1/30;reboot'] }]), TypeError)
  t.throws(() => networkScript([{ ...one, mac: '$(reboot)' }]), TypeError)
})
