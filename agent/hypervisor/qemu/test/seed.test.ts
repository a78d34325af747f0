import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { create } from '../../../../proto/codec.ts'
import { seedFiles, writeSeed } from '../seed.ts'

const spec = {
  vnet: 'alice.shop',
  slot: 3,
  node: create('SliceNode', {
    id: 'r1',
    interfaces: [{ index: 0, mac: '02:00:00:00:00:0A', addresses: ['10.0.0.1/30'], mtu: 1400 }],
    startUp: { command: 'bird -c "/etc/bird.conf"', files: [{ path: '/etc/bird.conf', content: 'router id: 1\n' }] },
  }),
}

t.test('a guest without an agent is told all by its seed', async (t) => {
  const files = seedFiles(spec, { isConfiguredLater: false })
  t.match(parse(files['meta-data'] ?? ''), { 'instance-id': /^alice\.shop\/r1\//, 'local-hostname': 'r1' })
  t.match(files['user-data'], /^#cloud-config\n/)
  t.same(parse(files['user-data'] ?? ''), {
    write_files: [{ path: '/etc/bird.conf', content: 'router id: 1\n', permissions: '0644' }],
    runcmd: [['sh', '-c', 'bird -c "/etc/bird.conf"']],
  })
  t.same(parse(files['network-config'] ?? ''), {
    version: 2,
    ethernets: {
      eth0: {
        match: { macaddress: '02:00:00:00:00:0a' },
        'set-name': 'eth0',
        mtu: 1400,
        addresses: ['10.0.0.1/30'],
      },
    },
  })
})

t.test('what the agent does later is not done twice', async (t) => {
  const files = seedFiles(spec, { isConfiguredLater: true })
  t.same(parse(files['user-data'] ?? ''), {})
  t.same(parse(files['network-config'] ?? ''), { version: 2, ethernets: {} })
})

const has = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'genisoimage')))

t.test(
  'the seed is an image that cloud-init finds by its label',
  { skip: has ? false : 'no genisoimage' },
  async (t) => {
    const path = await writeSeed(join(t.testdir(), 'seed.iso'), spec, { isConfiguredLater: false })
    const run = promisify(execFile)
    t.match((await run('isoinfo', ['-d', '-i', path])).stdout, /Volume id: cidata/)
    t.match((await run('isoinfo', ['-R', '-x', '/user-data', '-i', path])).stdout, /^#cloud-config/)
  },
)
