/** Configurations that together use every element and argument: `coverage.test.ts` sees to it. Packets come in at `in`. */
export interface TestConfiguration {
  readonly name: string
  readonly text: string
  readonly handlers?: readonly string[]
  /** Where packets come in, each in its turn; `in` alone without it. */
  readonly devices?: readonly string[]
  /** A conversation of IP and ARP, in place of frames of all kinds. */
  readonly isConversation?: boolean
  /** Frames of tunnels, in place of frames of all kinds. */
  readonly isOfTunnels?: boolean
  /** The shortest frame that comes, where the kernel cannot do with a shorter one: see README, "What differs from Click". */
  readonly leastBytes?: number
}

export const configurations: readonly TestConfiguration[] = [
  {
    name: 'forwarding',
    text: 'FromDevice(in) -> c :: Counter -> Queue -> ToDevice(out)',
    handlers: ['c.count', 'c.byte_count'],
  },
  {
    name: 'Null, Idle and Discard',
    text: 'FromDevice(in) -> Null -> d :: Discard; Idle -> ToDevice(out)',
    handlers: ['d.count'],
  },
  {
    name: 'Strip, Unstrip, Truncate',
    text: 'FromDevice(in) -> Strip(14) -> Strip(20) -> Unstrip(34) -> Truncate(100) -> ToDevice(out)',
  },
  {
    name: 'what is stripped is not sent',
    text: 'FromDevice(in) -> Strip(14) -> c :: Counter -> ToDevice(out)',
    handlers: ['c.byte_count'],
  },
  {
    name: 'Classifier',
    text: `FromDevice(in) -> c :: Classifier(12/0806 20/0001, 12/0800 23/11%ff 14/4?, !12/0800, 30/0a%0F !33/01, 8999/??00%f000, -);
      c[0] -> Queue -> ToDevice(a); c[1] -> ToDevice(b); c[2] -> ToDevice(c); c[3] -> ToDevice(d); c[4] -> ToDevice(e); c[5] -> ToDevice(f)`,
  },
  {
    name: 'Classifier without a match',
    text: 'FromDevice(in) -> Strip(14) -> c :: Classifier(0/45 9/01, 0/45 !1/00 100/5?%3f); c[0] -> Unstrip(14) -> ToDevice(a); c[1] -> Unstrip(14) -> ToDevice(b)',
  },
  {
    name: 'paint',
    text: `FromDevice(in) -> c :: Classifier(12/0806, 12/0800, 12/86dd, -);
      c[0] -> Paint(1) -> p :: PaintSwitch; c[1] -> Paint(COLOR 2) -> p; c[2] -> Paint(255) -> Paint(9, ANNO 3) -> p; c[3] -> Paint(7) -> p;
      p[0] -> ToDevice(a); p[1] -> t :: PaintTee(1); p[2] -> k :: CheckPaint(9, 3);
      t[0] -> ToDevice(b); t[1] -> ToDevice(c); k[0] -> ToDevice(d); k[1] -> ToDevice(e)`,
  },
  {
    name: 'Switch and StaticSwitch',
    text: 'FromDevice(in) -> s :: Switch(1); s[0] -> Discard; s[1] -> x :: StaticSwitch(2); x[0] -> Discard; x[1] -> Discard; x[2] -> ToDevice(out)',
  },
  {
    name: 'RandomSample, as far as nothing is left to chance',
    text: `FromDevice(in) -> a :: RandomSample(1) -> b :: RandomSample(SAMPLE 0) -> ToDevice(a); a[1] -> Discard;
      b[1] -> c :: RandomSample(DROP 0) -> d :: RandomSample(DROP 1, ACTIVE false) -> e :: RandomSample(P 1.0) -> ToDevice(out)`,
    handlers: ['a.drops', 'b.drops', 'c.drops', 'd.drops', 'a.sampling_prob', 'b.drop_prob', 'd.active'],
  },
  {
    name: 'Tee whose branches change the packet',
    text: `FromDevice(in) -> Strip(14) -> t :: Tee;
      t[0] -> Unstrip(14) -> Truncate(30) -> Queue -> ToDevice(a);
      t[1] -> u :: Tee(2); u[0] -> Strip(6) -> ToDevice(b); u[1] -> Paint(3) -> Unstrip(14) -> ToDevice(a);
      t[2] -> CheckPaint(0) -> Unstrip(14) -> ToDevice(c)`,
  },
  {
    name: 'arguments by their names',
    text: `FromDevice(DEVNAME in, PROMISC true) -> Strip(LENGTH 4) -> Unstrip(LENGTH 4) -> Truncate(LENGTH 60, EXTRA_LENGTH true)
      -> s :: Switch(OUTPUT 0) -> x :: StaticSwitch(OUTPUT 1); s[1] -> d :: Discard; x[0] -> d;
      x[1] -> t :: Tee(N 2) -> Queue(CAPACITY 3) -> ToDevice(DEVNAME out); t[1] -> Classifier(12/0800) -> ToDevice(ip)`,
    handlers: ['d.count'],
  },
  {
    name: 'a Queue that holds nothing',
    text: 'FromDevice(in) -> q :: Queue(0) -> ToDevice(out); q[1] -> d :: Discard',
    handlers: ['q.capacity', 'q.length', 'd.count'],
  },
  {
    name: 'extra length is noted, or is not',
    leastBytes: 34,
    text: `FromDevice(in) -> Truncate(1000) -> Truncate(100) -> t :: Tee;
      t[0] -> Strip(14) -> IPEncap(4, 1.1.1.1, 2.2.2.2) -> SetIPAddress(9.9.9.9, ANNO EXTRA_LENGTH) -> Truncate(60, EXTRA_LENGTH false) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(a);
      t[1] -> CheckPaint(0, ANNO 31) -> ToDevice(b); t[2] -> p :: PaintSwitch(ANNO 31); p[0] -> ToDevice(c); p[1] -> ToDevice(d)`,
  },
  {
    name: 'short packets behind copies that get longer',
    leastBytes: 34,
    text: `FromDevice(in) -> Strip(14) -> CheckIPHeader2 -> t :: Tee;
      t[0] -> IPEncap(6, 1.1.1.1, 2.2.2.2) -> IPEncap(6, 1.1.1.1, 2.2.2.2) -> IPEncap(6, 1.1.1.1, 2.2.2.2) -> Discard; t[1] -> c :: Counter -> Discard`,
    handlers: ['c.count'],
  },
  {
    name: 'what says how Click would read and send',
    text: `FromDevice(in, true, 96, METHOD PCAP, HEADROOM 64, BURST 4, TIMESTAMP false, ALIGNMENT 4 2, QUIET true) ->
      ToDevice(out, 16, NO_PAD true, QUEUE 1, METHOD LINUX, DEBUG false, QUIET true)`,
  },
  {
    name: 'no packets to group addresses without promiscuity',
    text: 'FromDevice(in, PROMISC false) -> DropBroadcasts -> ToDevice(out)',
  },
  {
    name: 'several inputs',
    text: `FromDevice(in) -> Paint(1) -> p :: PaintSwitch; FromDevice(other) -> Paint(COLOR 2, ANNO PAINT) -> p;
      p[0] -> Discard; p[1] -> c :: Counter -> ToDevice(other); p[2] -> ToDevice(in)`,
    devices: ['in', 'other'],
    handlers: ['c.count', 'c.byte_count'],
  },
  {
    name: 'paint by its arguments',
    text: `FromDevice(in) -> Paint(COLOR 5, ANNO 40) -> t :: PaintTee(COLOR 5, ANNO 40) -> k :: CheckPaint(COLOR 6, ANNO 40) -> ToDevice(a);
      t[1] -> ToDevice(b); k[1] -> ToDevice(c)`,
  },
  {
    name: 'what goes to the host',
    text: `FromDevice(in) -> c :: Classifier(12/0806, 12/0800 30/0a, 12/0800, -); c[0] -> t :: Tee; t[0] -> ToHost; t[1] -> ToDevice(out);
      c[1] -> Strip(14) -> ToHost(in, TYPE IP); c[2] -> Strip(14) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> h :: ToHost(DEVNAME in, QUIET true); c[3] -> Discard`,
    handlers: ['h.count', 'h.drops'],
  },
  {
    name: 'what comes from the host',
    text: `FromHost(fake, 192.0.0.1/8, ETHER 00:01:02:03:04:06, MTU 9000, CAPACITY 9, CLEAR_ANNO true, BURST 2) -> c :: Classifier(12/0806, 12/0800, -);
      c[0] -> ARPResponder(0.0.0.0/0 1:1:1:1:1:1) -> ToHost(fake); c[1] -> ToDevice(out); c[2] -> Discard`,
    devices: ['fake'],
  },
  {
    name: 'IP packets that come from the host',
    text: `f :: FromHost(DEVNAME fake, PREFIX 192.0.0.1/8, TYPE IP); f[0] -> c :: IPClassifier(ip vers 4, -); c[1] -> Discard;
      c[0] -> StaticIPLookup(10.0.0.0/8 0, 0/0 0) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(out); f[1] -> d :: Discard`,
    devices: ['fake'],
    handlers: ['f.count', 'f.drops', 'd.count'],
  },
]
