import t from 'tap'
import { humanSeconds, humanSize } from '../human.ts'

t.test('sizes', async (t) => {
  t.same([0, 512, 1024, 1536, 25_275_000_000, 3 * 2 ** 40].map(humanSize), [
    '0 B',
    '512 B',
    '1 KiB',
    '1.5 KiB',
    '23.5 GiB',
    '3 TiB',
  ])
})

t.test('times', async (t) => {
  t.same([0.0000004, 0.0014, 0.999599, 1.218, 183.4].map(humanSeconds), ['0.4 µs', '1.4 ms', '1 s', '1.22 s', '183 s'])
})
