import type { TestConfiguration } from './configurations.ts'

const querier = (name: string, given: string, more: Partial<TestConfiguration> = {}): TestConfiguration => ({
  name: `ARPQuerier: ${name}`,
  text: `FromDevice(in) -> c :: Classifier(12/0806, 12/0800, -); c[2] -> Discard;
    c[0] -> [1] q :: ARPQuerier(${given}) -> ToDevice(out); c[1] -> Strip(14) -> CheckIPHeader2 -> Paint(3) -> [0] q`,
  handlers: ['q.responses', 'q.drops', 'q.count', 'q.length', 'q.ipaddr', 'q.broadcast'],
  isConversation: true,
  ...more,
})

export const lanConfigurations: readonly TestConfiguration[] = [
  querier('the packets that wait leave in their order', '10.0.0.1, 2:0:0:0:0:1'),
  querier('a network with a broadcast address', '10.0.0.1/24, 2:0:0:0:0:1'),
  querier(
    'all of its arguments',
    `IP 10.0.0.1, ETH 2:0:0:0:0:1, CAPACITY 100, ENTRY_CAPACITY 100, ENTRY_PACKET_CAPACITY 50,
    TIMEOUT 600, POLL_TIMEOUT 0, BROADCAST 10.0.0.77, BROADCAST_POLL true`,
  ),
  querier('little room for each address', '10.0.0.1/24, 2:0:0:0:0:1, ENTRY_PACKET_CAPACITY 2'),
  querier('little room in all', '10.0.0.1/24, 2:0:0:0:0:1, CAPACITY 5'),
  querier('few addresses', '10.0.0.1/24, 2:0:0:0:0:1, ENTRY_CAPACITY 2'),
  querier('queries leave by a port of their own, with the tag of the packet', '', {
    text: `FromDevice(in) -> c :: Classifier(12/0806, 12/0800, -); c[2] -> Discard;
      c[0] -> [1] q :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1) -> ToDevice(out); q[1] -> VLANEncap(ANNO) -> ToDevice(queries);
      c[1] -> Strip(14) -> CheckIPHeader2 -> SetVLANAnno(VLAN_ID 9) -> [0] q`,
  }),
  querier('it asks itself', '', {
    text: `FromDevice(in) -> c :: Classifier(12/0806, 12/0800, -); c[2] -> Discard; c[0] -> Discard;
      c[1] -> Strip(14) -> CheckIPHeader2 -> q :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1) -> ToDevice(out);
      q[1] -> ARPResponder(10.0.0.0/29 6:5:5:5:5:5) -> [1] q`,
  }),
  {
    name: 'EtherSwitch',
    text: `FromDevice(in) -> [0] s :: EtherSwitch -> ToDevice(in); FromDevice(b) -> [1] s [1] -> ToDevice(b);
      FromDevice(c) -> [2] s [2] -> k :: Counter -> ToDevice(c)`,
    devices: ['in', 'b', 'c'],
    handlers: ['k.count', 's.timeout'],
  },
  {
    name: 'EtherSwitch that learns nothing',
    text: `FromDevice(in) -> [0] s :: EtherSwitch(TIMEOUT 0) -> ToDevice(in); FromDevice(b) -> [1] s [1] -> ToDevice(b)`,
    devices: ['in', 'b'],
  },
  {
    name: 'EtherSwitch of tagged networks',
    text: `FromDevice(in) -> [0] s :: EtherSwitch -> VLANEncap(5) -> ToDevice(in); FromDevice(b) -> VLANDecap -> [1] s [1] -> ToDevice(b);
      FromDevice(c) -> Strip(4) -> Unstrip(4) -> [2] s [2] -> Truncate(60) -> ToDevice(c)`,
    devices: ['in', 'b', 'c'],
  },
]
