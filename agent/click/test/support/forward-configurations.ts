/** Elements by which Dom0 forwards for a node. */
import type { TestConfiguration } from './configurations.ts'

export const forwardConfigurations: readonly TestConfiguration[] = [
  {
    name: 'EtherNeighbours',
    text: `FromDevice(in) -> Strip(14) -> CheckIPHeader -> GetIPAddress(16)
      -> n :: EtherNeighbours(10.0.0.1 2:0:0:0:0:1 2:0:0:0:0:11, 10.0.0.2 2:0:0:0:0:2 2:0:0:0:0:12, 192.168.1.1 2:0:0:0:0:3 2:0:0:0:0:13)
      -> Strip(14) -> DecIPTTL -> Unstrip(14) -> ToDevice(a); n[1] -> Unstrip(14) -> ToDevice(b)`,
    handlers: ['n.count'],
  },
  {
    name: 'FitsMTU',
    text: 'FromDevice(in) -> Strip(14) -> f :: FitsMTU(300) -> Unstrip(14) -> ToDevice(a); f[1] -> Unstrip(14) -> ToDevice(b)',
  },
  {
    name: 'ToIngress',
    text: 'FromDevice(in) -> i :: ToIngress(a); FromDevice(c) -> Strip(14) -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> j :: ToIngress(a)',
    devices: ['in', 'c'],
    handlers: ['i.count', 'j.count'],
  },
]
