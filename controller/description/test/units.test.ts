import t from 'tap'
import {
  bytes,
  delay,
  formatCpus,
  formatPercent,
  formatQuantity,
  parseCpus,
  parseDistance,
  parsePercent,
  parseQuantity,
  rate,
} from '../units.ts'

t.test('quantities are exact', async (t) => {
  for (const [quantity, text, value] of [
    [bytes, '64 MiB', 67_108_864],
    [bytes, '64MiB', 67_108_864],
    [bytes, '1.5 GiB', 1_610_612_736],
    [bytes, '8191.999999999999090505298227071762084960937 TiB', undefined],
    [rate, '0.1 Gbit/s', 100_000_000],
    [rate, '10 Mbit/s', 10_000_000],
    [delay, '5 ms', 5000],
    [delay, '1.5 ms', 1500],
    [delay, '7 µs', 7],
    [bytes, '9007199254740991 B', Number.MAX_SAFE_INTEGER],
  ] as const) {
    const parsed = parseQuantity(quantity, text)
    t.equal('value' in parsed ? parsed.value : undefined, value, text)
  }
})

t.test('what is no quantity says what is wrong', async (t) => {
  for (const [text, problem] of [
    ['64', /units B, kB, KiB/],
    ['64 mib', /units/],
    ['64 constructor', /units/],
    ['-1 MiB', /units/],
    ['1e3 MiB', /units/],
    ['', /units/],
    ['0.0 MiB', /more than zero/],
    ['0.1 B', /whole number of B/],
    ['9007199254740992 B', /more than 9007199254740991 B/],
    ['99999999999999999999 TiB', /more than/],
  ] as const) {
    t.match(parseQuantity(bytes, text), { problem }, text)
  }
})

t.test('a quantity is written in the largest unit that keeps it whole', async (t) => {
  for (const [quantity, value, text] of [
    [bytes, 67_108_864, '64 MiB'],
    [bytes, 1_000_000, '1 MB'],
    [bytes, 1_048_577, '1048577 B'],
    [rate, 20_000_000, '20 Mbit/s'],
    [rate, 1500, '1500 bit/s'],
    [delay, 1500, '1500 us'],
    [delay, 2_000_000, '2 s'],
  ] as const) {
    t.equal(formatQuantity(quantity, value), text)
  }
})

t.test('numbers of CPUs are thousandths', async (t) => {
  for (const [text, value] of [
    ['1', 1000],
    ['0.5', 500],
    ['1.25', 1250],
    ['0.0010', 1],
    ['2.000000', 2000],
  ] as const) {
    t.same(parseCpus(text), { value }, text)
    t.same(parseCpus(formatCpus(value)), { value }, text)
  }
  t.equal(formatCpus(1250), '1.25')
  t.equal(formatCpus(2000), '2')
  for (const text of ['0', '0.0005', '-1', '1e3', 'one', '']) t.match(parseCpus(text), { problem: /./ }, text)
})

t.test('shares are millionths', async (t) => {
  for (const [text, value, shown = text] of [
    ['0 %', 0],
    ['0.1 %', 1000],
    ['0.0001 %', 1],
    ['1%', 10_000, '1 %'],
    ['12.3450000 %', 123_450, '12.345 %'],
    ['100.0 %', 1_000_000, '100 %'],
  ] as const) {
    t.same(parsePercent(text), { value }, text)
    t.equal(formatPercent(value), shown)
  }
  for (const text of ['1', '-1 %', '100.0001 %', '101 %', '0.00001 %', '1e1 %', '.5 %', '%', '']) {
    t.match(parsePercent(text), { problem: /./ }, text)
  }
})

t.test('a delay that is added may be none', async (t) => {
  t.same(parseQuantity(delay, '0 ms', 0), { value: 0 })
  t.match(parseQuantity(delay, '0 ms'), { problem: /more than zero/ })
})

t.test('distances are kilometres', async (t) => {
  t.same(parseDistance('1200 km'), { value: 1200 })
  t.same(parseDistance('1e-7 km'), { value: 1e-7 })
  for (const text of ['1200', '1e999 km', '5 m', 'km']) t.match(parseDistance(text), { problem: /km/ }, text)
})
