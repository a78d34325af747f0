/** The catalogue says what there is, the compiler does it: the two must not part. */
import t from 'tap'
import { catalogue } from '../../../click/elements/catalogue.ts'
import { describeElement } from '../access.ts'
import { compile, type PlacedElement } from '../compile/compile.ts'
import { elementCodes } from '../elements/elements.ts'
import { graphOf } from './support/compare.ts'

const ip = 'FromDevice(in) -> MarkIPHeader(14) -> '
const end = '-> Discard'
const route = '(0/0 0)'

/** Of each class `x`, as plainly as it can be. */
const plainly: Readonly<Record<string, string>> = {
  ARPQuerier: `${ip}x :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1) ${end}; Idle -> [1] x`,
  ARPResponder: 'FromDevice(in) -> x :: ARPResponder(10.0.0.1 2:0:0:0:0:1) -> Discard',
  CheckIPHeader: 'FromDevice(in) -> x :: CheckIPHeader(14) -> Discard',
  CheckIPHeader2: 'FromDevice(in) -> x :: CheckIPHeader2(14) -> Discard',
  CheckPaint: 'FromDevice(in) -> x :: CheckPaint(1) -> Discard',
  Classifier: 'FromDevice(in) -> x :: Classifier(12/0800) -> Discard',
  Counter: 'FromDevice(in) -> x :: Counter -> Discard',
  DecIPTTL: `${ip}x :: DecIPTTL ${end}`,
  DirectIPLookup: `FromDevice(in) -> x :: DirectIPLookup${route} ${end}`,
  Discard: 'FromDevice(in) -> x :: Discard',
  DropBroadcasts: 'FromDevice(in) -> x :: DropBroadcasts -> Discard',
  EtherEncap: 'FromDevice(in) -> x :: EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> Discard',
  EtherNeighbours: `${ip}x :: EtherNeighbours ${end}`,
  EtherMirror: 'FromDevice(in) -> x :: EtherMirror -> Discard',
  EtherRewrite: 'FromDevice(in) -> x :: EtherRewrite(2:0:0:0:0:1, 2:0:0:0:0:2) -> Discard',
  EtherSwitch: 'FromDevice(in) -> x :: EtherSwitch -> Discard; Idle -> [1] x [1] -> Discard',
  FitsMTU: 'FromDevice(in) -> Strip(14) -> x :: FitsMTU(1500) -> Discard',
  FixIPSrc: `${ip}x :: FixIPSrc(10.0.0.1) ${end}`,
  FromDevice: 'x :: FromDevice(in) -> Discard',
  FromHost: 'x :: FromHost(in) -> Discard',
  GetIPAddress: 'FromDevice(in) -> x :: GetIPAddress(30) -> Discard',
  HostEtherFilter: 'FromDevice(in) -> x :: HostEtherFilter(2:0:0:0:0:1) -> Discard',
  ICMPError: `${ip}x :: ICMPError(10.0.0.1, unreachable) ${end}`,
  ICMPPingResponder: `${ip}x :: ICMPPingResponder ${end}`,
  IPClassifier: `${ip}x :: IPClassifier(tcp) ${end}`,
  IPEncap: 'FromDevice(in) -> x :: IPEncap(4, 10.0.0.1, 10.0.0.2) -> Discard',
  IPFilter: `${ip}x :: IPFilter(allow tcp) ${end}`,
  IPGWOptions: `${ip}x :: IPGWOptions(10.0.0.1) ${end}`,
  Idle: 'FromDevice(in) -> x :: Idle',
  LinearIPLookup: `FromDevice(in) -> x :: LinearIPLookup${route} ${end}`,
  LinkSwitch: 'FromDevice(in) -> x :: LinkSwitch -> Discard',
  LookupIPRoute: `FromDevice(in) -> x :: LookupIPRoute${route} ${end}`,
  MarkIPHeader: 'FromDevice(in) -> x :: MarkIPHeader -> Discard',
  Null: 'FromDevice(in) -> x :: Null -> Discard',
  Paint: 'FromDevice(in) -> x :: Paint(1) -> Discard',
  PaintSwitch: 'FromDevice(in) -> x :: PaintSwitch -> Discard',
  PaintTee: 'FromDevice(in) -> x :: PaintTee(1) -> Discard; x[1] -> Discard',
  Queue: 'FromDevice(in) -> x :: Queue -> Discard',
  RadixIPLookup: `FromDevice(in) -> x :: RadixIPLookup${route} ${end}`,
  RandomSample: 'FromDevice(in) -> x :: RandomSample(0.5) -> Discard',
  RangeIPLookup: `FromDevice(in) -> x :: RangeIPLookup${route} ${end}`,
  SetIPAddress: 'FromDevice(in) -> x :: SetIPAddress(10.0.0.1) -> Discard',
  SetIPChecksum: `${ip}x :: SetIPChecksum ${end}`,
  SetIPDSCP: `${ip}x :: SetIPDSCP(1) ${end}`,
  SetIPECN: `${ip}x :: SetIPECN(1) ${end}`,
  SetVLANAnno: 'FromDevice(in) -> x :: SetVLANAnno(1) -> Discard',
  StaticIPLookup: `FromDevice(in) -> x :: StaticIPLookup${route} ${end}`,
  StaticSwitch: 'FromDevice(in) -> x :: StaticSwitch(0) -> Discard',
  StoreIPAddress: 'FromDevice(in) -> x :: StoreIPAddress(30) -> Discard',
  Strip: 'FromDevice(in) -> x :: Strip(14) -> Discard',
  StripIPHeader: `${ip}x :: StripIPHeader ${end}`,
  StripToNetworkHeader: `${ip}x :: StripToNetworkHeader ${end}`,
  Switch: 'FromDevice(in) -> x :: Switch -> Discard',
  Tee: 'FromDevice(in) -> x :: Tee -> Discard',
  ToDevice: 'FromDevice(in) -> Queue -> x :: ToDevice(out)',
  ToHost: 'FromDevice(in) -> x :: ToHost',
  ToIngress: 'FromDevice(in) -> x :: ToIngress(out)',
  ToNeighbour: 'FromDevice(in) -> Strip(14) -> x :: ToNeighbour(out)',
  TrafficClass: 'FromDevice(in) -> x :: TrafficClass(7766:1a2b) -> Discard',
  Truncate: 'FromDevice(in) -> x :: Truncate(64) -> Discard',
  UDPIPEncap: 'FromDevice(in) -> x :: UDPIPEncap(10.0.0.1, 1, 10.0.0.2, 2) -> Discard',
  Unstrip: 'FromDevice(in) -> Strip(14) -> x :: Unstrip(14) -> Discard',
  VLANDecap: 'FromDevice(in) -> x :: VLANDecap -> Discard',
  EtherIPDecap: 'FromDevice(in) -> x :: EtherIPDecap -> Discard',
  EtherIPEncap: 'FromDevice(in) -> x :: EtherIPEncap(10.0.0.1, 10.0.0.2) -> Discard',
  GREDecap: 'FromDevice(in) -> x :: GREDecap -> Discard',
  GREEncap: 'FromDevice(in) -> x :: GREEncap(10.0.0.1, 10.0.0.2) -> Discard',
  MPLSDecap: 'FromDevice(in) -> x :: MPLSDecap -> Discard',
  MPLSEncap: 'FromDevice(in) -> x :: MPLSEncap(1) -> Discard',
  VXLANDecap: 'FromDevice(in) -> x :: VXLANDecap -> Discard',
  VXLANEncap: 'FromDevice(in) -> x :: VXLANEncap(1, 10.0.0.1, 10.0.0.2) -> Discard',
  VLANEncap: 'FromDevice(in) -> x :: VLANEncap(1) -> Discard',
}

/** Arguments that bring out handlers which there are not without them. */
const withHandlers: Readonly<Record<string, string>> = {
  CheckIPHeader: 'FromDevice(in) -> x :: CheckIPHeader(14, DETAILS true) -> Discard',
  CheckIPHeader2: 'FromDevice(in) -> x :: CheckIPHeader2(14, DETAILS true) -> Discard',
}

const placed = (text: string): PlacedElement => {
  const found = compile(graphOf(text), { device: () => 1 }).elements.find(({ element }) => element.name === 'x')
  if (!found) throw new Error(`no x in ${text}`)
  return found
}

t.test('every class of the catalogue compiles as plainly as it can be', async (t) => {
  for (const [name, elementClass] of catalogue) {
    const text = plainly[name]
    if (text === undefined) t.fail(`a plain ${name}`)
    else t.equal(placed(text).code.of, elementClass, name)
  }
})

t.test('nothing is compiled that is not in the catalogue', async (t) => {
  for (const { of } of elementCodes) t.equal(catalogue.get(of.name), of, of.name)
})

t.test('the handlers of a compiled class are those that the catalogue names', async (t) => {
  for (const [name, { handlers }] of catalogue) {
    const text = withHandlers[name] ?? plainly[name]
    if (text === undefined) continue
    const common = new Set(['class', 'config', 'handlers', 'name', 'ports'])
    const found = describeElement(placed(text))
      .handlers.filter((each) => !common.has(each.name))
      .map(({ name, read, write }) => ({ name, read, write }))
    const expected = handlers.map((each) => ({
      // Of a handler for each output there is one here.
      name: each.name.replace(/N$/, '0'),
      read: each.read,
      write: each.write,
    }))
    t.same(
      found,
      expected.sort((a, b) => (a.name < b.name ? -1 : 1)),
      name,
    )
  }
})
