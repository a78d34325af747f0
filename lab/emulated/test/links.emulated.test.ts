/** agent/netlink on Debian's own kernel: every kind of link that it has is readable, and the tests of netlink pass there. */
import { globSync } from 'node:fs'
import t from 'tap'
import type { RawAttribute } from '../../../agent/netlink/codec/attribute.ts'
import { AttributeDecoder } from '../../../agent/netlink/codec/decoder.ts'
import { hardware, type Link } from '../../../agent/netlink/link/link.ts'
import { runFiles, tellFile } from './files.ts'
import { kinds } from './kinds.ts'
import { hostTimeoutMs, problem } from './problem.ts'

t.setTimeout(hostTimeoutMs)

const inside = 'lab/emulated/test/inside/links.ts'
const suites = globSync(['native/test/netlink*.test.ts', 'agent/netlink/**/test/*.root.test.ts']).sort()

/** What `ip -details -json link show` says of a link, as far as it is compared. */
interface Told {
  readonly ifindex: number
  readonly ifname: string
  readonly link?: string
  readonly master?: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly link_type: string
  readonly address: string
  readonly ifalias?: string
  readonly linkinfo?: { readonly info_kind?: string }
}

interface Read {
  readonly failures: Readonly<Record<string, string>>
  readonly read: readonly Link[]
  readonly told: readonly Told[]
  readonly deleted: boolean
}

const kindOf = ({ info }: Link): string | undefined => (info?.kind === 'other' ? info.name : info?.kind)

/** Of a link as JSON: its data are hexadecimal digits. */
const attributesOf = ({ info }: Link): readonly RawAttribute[] => {
  const decoder = new AttributeDecoder(info?.kind === 'other' ? Buffer.from(String(info.data), 'hex') : Buffer.alloc(0))
  const attributes: RawAttribute[] = []
  while (decoder.next()) attributes.push(decoder.raw())
  decoder.finish()
  return attributes
}

t.test('netlink on the kernel of Debian', { skip: problem }, async (t) => {
  // Last of all: once there is a module for tunnels, every new namespace has tunnels of its own.
  const results = [...(await runFiles([...suites, inside]))]
  const links = results.pop()
  t.equal(results.length, suites.length, 'all files ran')
  for (const result of results) await tellFile(t, result)

  await t.test('links of all kinds are read as ip reads them, their data kept as it came', async (t) => {
    t.equal(links?.status, 0)
    const { failures, read, told, deleted } = JSON.parse(links?.stdout ?? '') as Read
    t.same(failures, {}, 'ip makes a link of each kind')
    t.ok(deleted, 'one of a kind that is not made here can be deleted')
    const nameOf = (index: number) => read.find((link) => link.index === index)?.name
    for (const link of read) {
      const mac = link.hardware === hardware.ether ? link.mac : undefined
      const { index, name, mtu, up, alias } = link
      const other = told.find(({ ifindex }) => ifindex === index)
      t.same(
        { name, mtu, up, alias, mac, master: nameOf(link.master), kind: kindOf(link) },
        {
          name: other?.ifname,
          mtu: other?.mtu,
          up: other?.flags.includes('UP'),
          alias: other?.ifalias ?? '',
          mac: other?.link_type === 'ether' ? other.address : undefined,
          master: other?.master,
          kind: other?.linkinfo?.info_kind,
        },
        name,
      )
    }
    for (const { name, kind, below, data, settings } of kinds) {
      const link = read.find((each) => each.name === name)
      if (link === undefined) {
        t.fail(`${name} was read`)
        continue
      }
      t.equal(kindOf(link), kind, `${name} is a ${kind}`)
      if (below !== undefined) t.equal(nameOf(link.lower), below, `${name} is on ${below}`)
      if (settings !== undefined) t.match(link.info, settings, `${name} is read`)
      const attributes = attributesOf(link)
      if (data === undefined) t.same(attributes, [], `${name} has no data`)
      else {
        const [type, value, meaning] = data
        t.equal(attributes.find((each) => each.type === type)?.value.toString('hex'), value, `${name}: ${meaning}`)
      }
    }
  })
})
