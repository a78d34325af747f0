import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
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
    'each() {',
    'configure eth0 1400 10.0.0.1/30 2001:db8::1/64',
    'configure eth2 1500',
    ':',
    '}',
    'each',
    'add',
    'if [ -n "$gone" ]; then remove; each; add; fi',
  ])
  execFileSync('sh', ['-n'], { input: script.join('\n') })
})

t.test('nothing of a request is read as a command', async (t) => {
  t.throws(() => networkScript([{ ...one, addresses: ['10.0.0.1/30;reboot'] }]), TypeError)
  t.throws(() => networkScript([{ ...one, mac: '$(reboot)' }]), TypeError)
})

/** Runs the script with a directory in place of /sys/class/net and an `ip` that notes how it was called. */
const called = (t: Test, { knowsBatch, shows = '' }: { knowsBatch: boolean; shows?: string }): readonly string[] => {
  const device = (mac: string, flags: string) => ({
    device: '',
    address: `${mac}\n`,
    mtu: '1500\n',
    flags: `${flags}\n`,
  })
  const flags = shows === '' ? '0x1002' : '0x1003'
  const directory = t.testdir({
    sys: { lo: { mtu: '65536\n', flags: '0x9\n' }, eth0: device('02:00:00:00:00:0a', flags) },
    said: '',
    bin: {
      ip: [
        '#!/bin/sh',
        ...(knowsBatch ? [] : [`[ "$1" != -batch ] || exit 1`]),
        `echo "$*" >>"\${0%/*}/../said"`,
        `[ "$1" != -batch ] || cat >>"\${0%/*}/../said"`,
        `[ "$1" != -o ] || printf '%s' '${shows}'`,
        '',
      ].join('\n'),
    },
  })
  chmodSync(`${directory}/bin/ip`, 0o755)
  const script = ['set -e', ...networkScript([{ ...one, mtu: 1500 }])].join('\n')
  const env = { ...process.env, PATH: `${directory}/bin:${process.env['PATH']}` }
  execFileSync('sh', ['-s'], { input: script.replaceAll('/sys/class/net', `${directory}/sys`), env })
  return readFileSync(`${directory}/said`, 'utf8').split('\n').filter(Boolean)
}

const adds = ['addr replace 10.0.0.1/30 dev eth0', 'addr replace 2001:db8::1/64 dev eth0']

t.test('addresses are given by one program, and by one each where it takes no more', async (t) => {
  t.same(called(t, { knowsBatch: true }), ['-batch -', ...adds])
  t.same(called(t, { knowsBatch: false }), adds)
})

t.test('what is there is not given again, and what is too much goes after all is there', async (t) => {
  const shows = '2: eth0    inet 10.0.0.1/30 scope global eth0\n2: eth0    inet 10.9.9.9/24 scope global eth0\n'
  t.same(called(t, { knowsBatch: true, shows }), [
    '-o addr show',
    '-batch -',
    'addr replace 2001:db8::1/64 dev eth0',
    'addr del 10.9.9.9/24 dev eth0',
    // As the kernel may have dropped others with it.
    '-o addr show',
    '-batch -',
    'addr replace 2001:db8::1/64 dev eth0',
  ])
})
