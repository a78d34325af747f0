import t from 'tap'
import { HandlerError } from '../../handlers.ts'
import { formatLine, formatRoute, lengthOfMask, readRemoval, readTableRoute } from '../text.ts'

t.test('lines of the table stand in columns, as terminals show tabs', async (t) => {
  const lines = [
    '1.0.0.0/8 - 0',
    '10.0.0.0/8 1.0.0.1 1',
    '192.168.10.0/24 10.0.0.1 2',
    '192.168.100.0/24 192.168.100.100 10',
  ].map((text) => formatLine(readTableRoute(text, 11)))
  t.same(lines, [
    '1.0.0.0/8\t\t-\t\t0\n',
    '10.0.0.0/8\t\t1.0.0.1\t\t1\n',
    '192.168.10.0/24\t\t10.0.0.1\t2\n',
    '192.168.100.0/24\t192.168.100.100\t10\n',
  ])
})

t.test('routes are read as Click reads them', async (t) => {
  const read = (text: string) => formatRoute(readTableRoute(text, 3))
  t.equal(read('18.26/16 1.0.0.1 0'), '18.26.0.0/16 1.0.0.1 0')
  t.equal(read('18.26.4.9 2'), '18.26.4.9/32 - 2', 'an address stands for itself')
  t.equal(read('18.26.4.9/255.255.0.0 - 1'), '18.26.0.0/16 - 1', 'without what the mask leaves out')
  t.equal(read('0/0 0.0.0.0 1'), '0.0.0.0/0 - 1')
  for (const text of ['', '10/8', '10/8 1.1.1.1', '10/8 1 2', '10/8 1.1.1.1 1 1', 'x 1']) {
    t.throws(() => read(text), new HandlerError("expected 'ADDR/MASK [GATEWAY] OUTPUT'"), text)
  }
  t.throws(() => read('10/8 3'), new HandlerError('bad OUTPUT'))
  t.throws(() => read('10/8 -1'), new HandlerError('bad OUTPUT'))
  t.throws(() => read('10.0.0.0/255.0.255.0 1'), HandlerError)
})

t.test('what is removed may be said without its output', async (t) => {
  const read = (text: string) => formatRoute(readRemoval(text, 3))
  t.equal(read('10/8'), '10.0.0.0/8 - -1')
  t.equal(read('10/8 1.1.1.1'), '10.0.0.0/8 1.1.1.1 -1')
  t.equal(read('10/8 2'), '10.0.0.0/8 - 2')
  t.equal(read('10/8 - 2'), '10.0.0.0/8 - 2')
  t.throws(() => read('10/8 1 2'), new HandlerError("expected 'ADDR/MASK [GATEWAY OUTPUT]'"))
  t.throws(() => read('10/8 3'), new HandlerError('bad OUTPUT'))
})

t.test('masks are those of prefixes', async (t) => {
  t.equal(lengthOfMask(0), 0)
  t.equal(lengthOfMask(0xffff_ffff), 32)
  t.equal(lengthOfMask(0xfffe_0000), 15)
  t.equal(lengthOfMask(0xff00_ff00), undefined)
  t.equal(lengthOfMask(1), undefined)
})
