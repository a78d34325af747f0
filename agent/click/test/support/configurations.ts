/** Configurations that together use every element and argument that is compiled. Packets come in at `in`. */
export interface TestConfiguration {
  readonly name: string
  readonly text: string
  readonly handlers?: readonly string[]
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
    name: 'Tee whose branches change the packet',
    text: `FromDevice(in) -> Strip(14) -> t :: Tee;
      t[0] -> Unstrip(14) -> Truncate(30) -> Queue -> ToDevice(a);
      t[1] -> u :: Tee(2); u[0] -> Strip(6) -> ToDevice(b); u[1] -> Paint(3) -> Unstrip(14) -> ToDevice(a);
      t[2] -> CheckPaint(0) -> Unstrip(14) -> ToDevice(c)`,
  },
]
