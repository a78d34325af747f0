import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { namesScript, networkScript } from '../network-script.ts'

const plugged = '52:54:00:00:00:0A'
const one = { index: 0, plugged, mac: '02:00:00:00:00:0A', mtu: 1400, addresses: ['10.0.0.1/30', '2001:DB8:0::1/64'] }

const other = { index: 2, plugged: '02:00:00:00:00:0c', mac: '02:00:00:00:00:0c', mtu: 1500, addresses: [] }

t.test('names first, of all of them, then what each is given', async (t) => {
  const script = networkScript([one, other])
  t.same(script.slice(1), [
    "macs=' 52:54:00:00:00:0a 02:00:00:00:00:0a 02:00:00:00:00:0c '",
    'raise lo',
    'aside eth0 52:54:00:00:00:0a 02:00:00:00:00:0a',
    'aside eth2 02:00:00:00:00:0c 02:00:00:00:00:0c',
    'named eth0 52:54:00:00:00:0a 02:00:00:00:00:0a',
    'named eth2 02:00:00:00:00:0c 02:00:00:00:00:0c',
    'each() {',
    'configure eth0 02:00:00:00:00:0a 1400 10.0.0.1/30 2001:db8::1/64',
    'configure eth2 02:00:00:00:00:0c 1500',
    ':',
    '}',
    'each',
    'add',
    'if [ -n "$gone" ]; then remove; each; add; fi',
  ])
  execFileSync('sh', ['-n'], { input: script.join('\n') })
  t.same(namesScript([one, other]), script.slice(0, script.indexOf('each() {')), 'of an idle one the names are all')
})

t.test('nothing of a request is read as a command', async (t) => {
  t.throws(() => networkScript([{ ...one, addresses: ['10.0.0.1/30;reboot'] }]), TypeError)
  t.throws(() => networkScript([{ ...one, mac: '$(reboot)' }]), TypeError)
})

const device = (mac: string, flags: string) => ({ device: '', address: `${mac}\n`, mtu: '1500\n', flags: `${flags}\n` })

interface Guest {
  readonly knowsBatch?: boolean
  /** What `ip addr` shows: of an interface that is up. */
  readonly shows?: string
  /** What there is, by name; without it eth0 with the MAC asked for. */
  readonly devices?: Readonly<Record<string, ReturnType<typeof device>>>
}

/** Runs the script with a directory in place of /sys/class/net and an `ip` that notes how it was called, and gives names. */
const called = (
  t: Test,
  { knowsBatch = true, shows = '', devices }: Guest,
  lines = networkScript([{ ...one, mtu: 1500 }]),
) => {
  const flags = shows === '' ? '0x1002' : '0x1003'
  const directory = t.testdir({
    sys: { lo: { mtu: '65536\n', flags: '0x9\n' }, ...(devices ?? { eth0: device('02:00:00:00:00:0a', flags) }) },
    said: '',
    bin: {
      ip: [
        '#!/bin/sh',
        `here=\${0%/*}/..`,
        ...(knowsBatch ? [] : [`[ "$1" != -batch ] || exit 1`]),
        `echo "$*" >>"$here/said"`,
        `[ "$1" != -batch ] || cat >>"$here/said"`,
        `[ "$1" != -o ] || printf '%s' '${shows}'`,
        `[ "$5" != name ] || mv "$here/sys/$4" "$here/sys/$6"`,
        '',
      ].join('\n'),
    },
  })
  chmodSync(`${directory}/bin/ip`, 0o755)
  const script = ['set -e', ...lines].join('\n')
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

const mac = ['link set dev eth0 address 02:00:00:00:00:0a', 'link set dev eth0 up']

t.test('it has the MAC asked for, whatever it was plugged in with, by the same program', async (t) => {
  const down = { eth0: device('52:54:00:00:00:0a', '0x1002') }
  t.same(called(t, { devices: down }), ['-batch -', ...mac, ...adds])
  t.same(called(t, { devices: down, knowsBatch: false }), [...mac, ...adds])
  const up = { eth0: device('52:54:00:00:00:0a', '0x1003') }
  const shows = '2: eth0    inet 10.0.0.1/30 scope global eth0\n'
  const batch = ['-batch -', 'link set dev eth0 down', ...mac, ...adds]
  t.same(
    called(t, { devices: up, shows }),
    ['-o addr show', ...batch],
    'and every address again, which it may have lost',
  )
  const earlier = { eth0: device('02:00:00:00:00:0f', '0x1002') }
  t.same(called(t, { devices: earlier }), ['-batch -', ...mac, ...adds], 'also where it was given another one earlier')
})

t.test('two that have each other’s names get their own, and only that where they are idle', async (t) => {
  const devices = { eth0: device('02:00:00:00:00:0c', '0x1002'), eth2: device('52:54:00:00:00:0a', '0x1002') }
  t.same(called(t, { devices }, namesScript([one, other])), [
    'link set dev eth2 down',
    'link set dev eth2 name weft.eth0',
    'link set dev eth0 down',
    'link set dev eth0 name weft.eth2',
    'link set dev weft.eth0 down',
    'link set dev weft.eth0 name eth0',
    'link set dev weft.eth2 down',
    'link set dev weft.eth2 name eth2',
  ])
})
