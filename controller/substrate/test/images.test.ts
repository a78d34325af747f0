/** The catalogue of images: read with every error, offered where it can be started. */
import t from 'tap'
import { embed } from '../../mapping/embed.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { request } from '../../mapping/test/fixtures.ts'
import { substrateGraph } from '../graph.ts'
import { parseSubstrate, readSubstrate } from '../parse.ts'
import { inventories, inventory } from './fixtures.ts'

const sha256 = 'a'.repeat(64)
const good = `name: lab
hosts: { h1: , h2: }
images:
  web:
    url: https://images.example/web.tar.zst
    sha256: ${sha256.toUpperCase()}
    size: 40 MB
    format: tar
  debian:
    { url: "file:///srv/debian.qcow2", sha256: ${sha256}, format: qcow2, cloud_init: true, guest_agent: true }
`

t.test('a catalogue says of each image where it is, what it is, and what it can', async (t) => {
  const { images, positions } = parseSubstrate(good, 'lab.yaml')
  t.match(images, [
    {
      name: 'web',
      url: 'https://images.example/web.tar.zst',
      sha256,
      sizeBytes: 40e6,
      format: 'tar',
      cloudInit: false,
    },
    { name: 'debian', url: 'file:///srv/debian.qcow2', sizeBytes: 0, cloudInit: true, guestAgent: true },
  ])
  t.equal(positions.get('image/debian'), 'lab.yaml:9')
  t.same(parseSubstrate('name: lab\nhosts: { h1: }\nimages:\n', 'lab.yaml').images, [])
})

t.test('what is wrong with an image is told with its line and what would be right', async (t) => {
  const bad = `name: lab
hosts: { h1: }
images:
  a:
    url: ftp://images.example/a
    sha256: abc
    size: 40 apples
    format: tar
  "../b":
    { url: "file://elsewhere/b", sha256: ${sha256}, format: raw }
  host:
    { url: "file:///b", sha256: ${sha256}, format: raw }
`
  const told = readSubstrate(bad, 'lab.yaml').errors.map(({ where, message }) => `${where} ${message}`)
  t.match(told, [
    /lab.yaml:5 images.a.url is "ftp:/,
    /lab.yaml:6 images.a.sha256 is no SHA-256/,
    /lab.yaml:7 images.a.size is "40 apples"/,
    /lab.yaml:9 .* is no name/,
    /lab.yaml:10 .*url is "file:..elsewhere/,
    /lab.yaml:11 images.host is every host's own programs/,
  ])
  t.equal(told.length, 6)
  const shape = (member: string) =>
    readSubstrate(`name: lab\nhosts: { h1: }\nimages:\n  a:\n    ${member}\n`, 'lab.yaml').errors.map(
      ({ message, hint }) => `${message}; ${hint}`,
    )
  t.match(shape(`{ url: "file:///b", sha256: ${sha256}, format: iso }`), [
    /format is not one of.*tar, raw, qcow2, kernel/,
  ])
  t.match(shape(`{ url: "file:///b", format: raw }`), [/images.a lacks "sha256"/])
  t.match(shape(`{ url: "file:///b", sha256: ${sha256}, format: raw, os: linux }`), [/os is unknown.*cloud_init/])
})

const stored = [
  { name: 'host', format: 'directory' },
  { name: 'tiny', format: 'kernel' },
  { name: 'web', format: 'raw' },
]
const both = {
  hypervisors: [{ name: 'lxc' }, { name: 'qemu' }, { name: 'xen', unavailable: 'no /proc/xen' }],
  images: ['host', 'tiny', 'web', 'old'],
  storedImages: [...stored, { name: 'x', sha256, format: 'tar' }],
}
const substrate = parseSubstrate(good, 'lab.yaml')
const graph = substrateGraph(
  substrate,
  inventories(inventory('h1', { images: ['host'], storedImages: stored }), inventory('h2', both)),
)

t.test(
  'a host offers what its hypervisors can start, and the catalogue’s in place of its own of that name',
  async (t) => {
    t.strictSame(graph.nodes[0]?.images, ['lxc/web', 'lxc/host'])
    t.strictSame(graph.nodes[1]?.images, ['lxc/web', 'qemu/debian', 'lxc/host', 'qemu/tiny', 'old'])
  },
)

t.test('a node of any hypervisor gets one that starts its image', async (t) => {
  const place = (node: object) => {
    const result = embed(graph, emptyUsage, request({ a: node }, {}), {})
    if (result.outcome === 'refused') return result.error
    const { hosts, hypervisors } = result.embedding
    return `${hosts.get('a')} ${hypervisors.get('a')}`
  }
  t.equal(place({ image: 'debian' }), 'h2 qemu')
  t.equal(place({ image: 'tiny', hypervisor: 'any' }), 'h2 qemu')
  t.match(place({ image: 'web' }), /lxc$/)
  t.match(place({ image: 'old' }), 'h2 lxc')
  t.match(place({ image: 'debian', hypervisor: 'lxc' }), {
    code: 'admission.never-fits',
    message: /needs the image "debian"/,
    hint: /qemu\/debian/,
  })
})
