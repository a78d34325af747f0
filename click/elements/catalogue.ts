/** Every element class of ours, by name. */
import type { ElementClass } from '../element.ts'
import { arpQuerier } from './arp-querier.ts'
import { arpResponder } from './arp-responder.ts'
import { checkIpHeader } from './check-ip-header.ts'
import { checkIpHeader2 } from './check-ip-header-2.ts'
import { checkPaint } from './check-paint.ts'
import { classifier } from './classifier.ts'
import { counter } from './counter.ts'
import { decIpTtl } from './dec-ip-ttl.ts'
import { directIpLookup } from './direct-ip-lookup.ts'
import { discard } from './discard.ts'
import { dropBroadcasts } from './drop-broadcasts.ts'
import { etherEncap } from './ether-encap.ts'
import { etherIpDecap } from './ether-ip-decap.ts'
import { etherIpEncap } from './ether-ip-encap.ts'
import { etherMirror } from './ether-mirror.ts'
import { etherNeighbours } from './ether-neighbours.ts'
import { etherRewrite } from './ether-rewrite.ts'
import { etherSwitch } from './ether-switch.ts'
import { fitsMtu } from './fits-mtu.ts'
import { fixIpSrc } from './fix-ip-src.ts'
import { fromDevice } from './from-device.ts'
import { fromHost } from './from-host.ts'
import { getIpAddress } from './get-ip-address.ts'
import { greDecap } from './gre-decap.ts'
import { greEncap } from './gre-encap.ts'
import { hostEtherFilter } from './host-ether-filter.ts'
import { icmpError } from './icmp-error.ts'
import { icmpPingResponder } from './icmp-ping-responder.ts'
import { idle } from './idle.ts'
import { ipClassifier } from './ip-classifier.ts'
import { ipEncap } from './ip-encap.ts'
import { ipFilter } from './ip-filter.ts'
import { ipGwOptions } from './ip-gw-options.ts'
import { linearIpLookup } from './linear-ip-lookup.ts'
import { linkSwitch } from './link-switch.ts'
import { lookupIpRoute } from './lookup-ip-route.ts'
import { markIpHeader } from './mark-ip-header.ts'
import { mplsDecap } from './mpls-decap.ts'
import { mplsEncap } from './mpls-encap.ts'
import { nullElement } from './null.ts'
import { paint } from './paint.ts'
import { paintSwitch } from './paint-switch.ts'
import { paintTee } from './paint-tee.ts'
import { queue } from './queue.ts'
import { radixIpLookup } from './radix-ip-lookup.ts'
import { randomSample } from './random-sample.ts'
import { rangeIpLookup } from './range-ip-lookup.ts'
import { setIpAddress } from './set-ip-address.ts'
import { setIpChecksum } from './set-ip-checksum.ts'
import { setIpDscp } from './set-ip-dscp.ts'
import { setIpEcn } from './set-ip-ecn.ts'
import { setVlanAnno } from './set-vlan-anno.ts'
import { staticIpLookup } from './static-ip-lookup.ts'
import { staticSwitch } from './static-switch.ts'
import { storeIpAddress } from './store-ip-address.ts'
import { strip } from './strip.ts'
import { stripIpHeader } from './strip-ip-header.ts'
import { stripToNetworkHeader } from './strip-to-network-header.ts'
import { switchElement } from './switch.ts'
import { tee } from './tee.ts'
import { toDevice } from './to-device.ts'
import { toHost } from './to-host.ts'
import { toIngress } from './to-ingress.ts'
import { toNeighbour } from './to-neighbour.ts'
import { trafficClass } from './traffic-class.ts'
import { truncate } from './truncate.ts'
import { udpIpEncap } from './udp-ip-encap.ts'
import { unstrip } from './unstrip.ts'
import { vlanDecap } from './vlan-decap.ts'
import { vlanEncap } from './vlan-encap.ts'
import { vxlanDecap } from './vxlan-decap.ts'
import { vxlanEncap } from './vxlan-encap.ts'

const classes: readonly ElementClass[] = [
  arpQuerier,
  arpResponder,
  checkIpHeader,
  checkIpHeader2,
  checkPaint,
  classifier,
  counter,
  decIpTtl,
  directIpLookup,
  discard,
  dropBroadcasts,
  etherEncap,
  etherIpDecap,
  etherIpEncap,
  etherMirror,
  etherNeighbours,
  etherRewrite,
  etherSwitch,
  fitsMtu,
  fixIpSrc,
  fromDevice,
  fromHost,
  getIpAddress,
  greDecap,
  greEncap,
  hostEtherFilter,
  icmpError,
  icmpPingResponder,
  idle,
  ipClassifier,
  ipEncap,
  ipFilter,
  ipGwOptions,
  linearIpLookup,
  linkSwitch,
  lookupIpRoute,
  markIpHeader,
  mplsDecap,
  mplsEncap,
  nullElement,
  paint,
  paintSwitch,
  paintTee,
  queue,
  radixIpLookup,
  randomSample,
  rangeIpLookup,
  setIpAddress,
  setIpChecksum,
  setIpDscp,
  setIpEcn,
  setVlanAnno,
  staticIpLookup,
  staticSwitch,
  storeIpAddress,
  strip,
  stripIpHeader,
  stripToNetworkHeader,
  switchElement,
  tee,
  toDevice,
  toHost,
  toIngress,
  toNeighbour,
  trafficClass,
  truncate,
  udpIpEncap,
  unstrip,
  vlanDecap,
  vlanEncap,
  vxlanDecap,
  vxlanEncap,
]

/** In the order of their names. */
export const catalogue: ReadonlyMap<string, ElementClass> = new Map(classes.map((each) => [each.name, each]))
