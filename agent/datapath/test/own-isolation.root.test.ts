/**
 * Whatever an operator's own Click makes of frames, they leave the host in the link's own tunnel: each technology, each way out that Click text can
 * think of. All that passes the underlay NIC and has the guest's mark in it is looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { qinqTags, type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import type { LinkSpec } from '../driver.ts'
import { capture, captureProblem } from './support/capture.ts'
import { frame, sendFrames } from './support/frames.ts'
import { guests, identifiers, linkSpecs, make, offers, type Side, twoSides } from './support/links.ts'
import { type DatapathName, macOf, problem, reaches } from './support/world.ts'

t.setTimeout(1_800_000)

/** Of each way its own. */
const markOf = (way: number): Buffer => Buffer.from(`the guest was ${String(way).padStart(4, '0')}`)

/** Times that each frame is sent. */
const sent = 3

/** Bytes of the frame that say which tunnel it is in, from an offset on: all must be there. */
type Belongs = (frame: Buffer, one: Side, two: Side) => boolean

const ipv4 = (bytes: Buffer, protocol: number, local: string, remote: string): boolean =>
  bytes.readUInt16BE(12) === 0x0800 &&
  bytes[14] === 0x45 &&
  bytes[23] === protocol &&
  [...bytes.subarray(26, 30)].join('.') === local &&
  [...bytes.subarray(30, 34)].join('.') === remote

const belongs: Readonly<Record<TechnologyName, Belongs>> = {
  vxlan: (bytes, one, two) =>
    ipv4(bytes, 17, one.address, two.address) &&
    bytes.readUInt16BE(36) === 4789 &&
    bytes.readUIntBE(46, 3) === identifiers.vxlan,
  gre: (bytes, one, two) =>
    ipv4(bytes, 47, one.address, two.address) &&
    bytes.readUInt32BE(34) === 0x2000_6558 &&
    bytes.readUInt32BE(38) === identifiers.gre,
  etherip: (bytes, one, two) => ipv4(bytes, 97, one.tunnel, two.tunnel) && bytes.readUInt16BE(34) === 0x3000,
  ipip: (bytes, one, two) => ipv4(bytes, 4, one.tunnel, two.tunnel),
  vlan: (bytes) => bytes.readUInt16BE(12) === 0x8100 && (bytes.readUInt16BE(14) & 0xfff) === identifiers.vlan,
  qinq: (bytes) => {
    const { service, customer } = qinqTags(identifiers.qinq)
    const [outer, inner] = [bytes.readUInt32BE(12), bytes.readUInt32BE(16)]
    return (
      outer >>> 16 === 0x88a8 && (outer & 0xfff) === service && inner >>> 16 === 0x8100 && (inner & 0xfff) === customer
    )
  },
  mpls: (bytes) =>
    bytes.readUInt16BE(12) === 0x8847 &&
    bytes.readUIntBE(14, 3) >>> 4 === identifiers.mpls &&
    ((bytes[16] ?? 0) & 1) === 1,
}

/** By what they try. The underlay is 192.0.2.0/24, tunnels have 198.18.0.0/16. */
const ways = (one: Side, two: Side): Readonly<Record<string, string>> => ({
  nothing: 'input -> output;',
  'no Ethernet header': 'input -> Strip(14) -> output;',
  'half an Ethernet header': 'input -> Strip(5) -> output;',
  'a header cut to the last byte': 'input -> Strip(40) -> output;',
  'another VLAN': 'input -> VLANEncap(VLAN_ID 300) -> output;',
  'another service VLAN': 'input -> VLANEncap(VLAN_ID 5) -> VLANEncap(VLAN_ID 300, ETHERTYPE 0x88a8) -> output;',
  'a VLAN in the annotation': 'input -> SetVLANAnno(300) -> output;',
  'another label': `input -> MPLSEncap(17) -> EtherEncap(0x8847, ${one.nicMac}, ${two.nicMac}) -> output;`,
  'a label alone': 'input -> MPLSEncap(17) -> output;',
  'a tunnel of the host': `input -> VXLANEncap(8, ${one.address}, ${two.address}) -> EtherEncap(0x0800, ${one.nicMac}, ${two.nicMac}) -> output;`,
  'a tunnel without Ethernet': `input -> Strip(14) -> IPEncap(4, ${one.tunnel}, ${two.tunnel}) -> output;`,
  'a keyed tunnel': `input -> GREEncap(${one.address}, ${two.address}, KEY 5) -> EtherEncap(0x0800, ${one.nicMac}, ${two.nicMac}) -> output;`,
  'the host’s ARP': `input -> EtherEncap(0x0806, ${one.nicMac}, ff:ff:ff:ff:ff:ff) -> output;`,
  'many ways at once':
    'input -> t :: Tee(3) -> output; t[1] -> Strip(14) -> output; t[2] -> VLANEncap(VLAN_ID 9) -> output;',
})

/** A frame of the guest with the mark at its end: IPv4 with a UDP header, tagged, of an unknown type, short. */
const framesOf = (mark: Buffer): readonly Buffer[] => {
  const [from, to] = [macOf('vif1.0'), 'ff:ff:ff:ff:ff:ff']
  const ip = [0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
  // The header's checksum (RFC 791).
  const words = ip.flatMap((byte, i) => (i % 2 === 0 ? [(byte << 8) | (ip[i + 1] ?? 0)] : []))
  const sum = words.reduce((all, word) => all + word, 0)
  const folded = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff
  ip.splice(10, 2, folded >> 8, folded & 0xff)
  const udp = [0, 9, 0, 9, 0, 26, 0, 0]
  return [
    frame(to, from, 0x08, 0x00, ...ip, ...udp, ...mark),
    frame(to, from, 0x81, 0x00, 0x00, 0x07, 0x08, 0x00, ...ip, ...udp, ...mark),
    frame(to, from, 0x88, 0xb5, ...Array(40).fill(0), ...mark),
  ]
}

const withClick = (spec: LinkSpec, click: string): LinkSpec => ({
  ...spec,
  interfaces: spec.interfaces.map((own) => ({ ...own, forwarding: 'click', click })),
})

const skip = problem || captureProblem
const only = process.env.WEFT_TECHNOLOGY?.split(',')
let offered: (datapath: DatapathName, technology: TechnologyName) => boolean = () => false

await t.test('what the data paths say that they make here', { skip }, async (t) => {
  offered = await offers(t)
})

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  const lacks = skip || !offered('click', technology)
  t.test(`${technology}: all that leaves is in the link’s tunnel`, { skip: lacks }, async (t) => {
    const [one, two] = await twoSides(t, ['click', 'click'])
    const [a, b] = await guests(t, one, two)
    const [first, second] = linkSpecs(technology, one, two)
    await make(one, [first])
    await make(two, [second])
    t.ok(await reaches(a, '10.0.0.2'))
    // It would answer, and quote.
    await b.ip('link', 'set', 'eth0', 'down')
    const wire = await capture(t, one, one.nic)
    const tried = Object.entries(ways(one, two))
    for (const [i, [name, click]] of tried.entries()) {
      await make(one, [withClick(first, click)])
      await sendFrames(a, framesOf(markOf(i)), sent)
      t.pass(name)
    }
    await sleep(500)
    const frames = await wire.stop()
    for (const [i, [name]] of tried.entries()) {
      const marked = frames.filter((bytes) => bytes.includes(markOf(i)))
      const escaped = marked.filter((bytes) => !belongs[technology](bytes, one, two))
      t.same(
        escaped.map((bytes) => bytes.toString('hex')),
        [],
        `${name}: of ${marked.length} frames none escaped`,
      )
      // Of what is shorter than a frame, or no IPv4 any more, some has no way.
      const isWhole = technologies[technology].carries === 'ethernet'
      if (i === 0) t.equal(marked.length, isWhole ? 3 * sent : sent)
      else if (isWhole) t.ok(marked.length > 0, `${name}: ${marked.length} came`)
    }
  })
}
