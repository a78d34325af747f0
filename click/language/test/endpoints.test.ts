import t from 'tap'
import { createDiagnostics, Overflow } from '../../diagnostics.ts'
import { noPorts, type PortList, pairs, sequence } from '../endpoints.ts'

const from = (node: number, outputs: PortList = noPorts) => ({ node, inputs: noPorts, outputs })
const to = (node: number, inputs: PortList = noPorts) => ({ node, inputs, outputs: noPorts })
const ports = (...list: readonly number[]): PortList => ({ ports: list, open: false })
const open = (...list: readonly number[]): PortList => ({ ports: list, open: true })

const connected = (many: boolean, left: ReturnType<typeof from>[], right: ReturnType<typeof to>[]) =>
  pairs(left, right, many, 'f:1', createDiagnostics()).map(([a, b]) => `${a.node}[${a.port}] -> [${b.port}]${b.node}`)

t.test('one to one, one to many, many to one', async (t) => {
  t.same(connected(false, [from(0)], [to(1)]), ['0[0] -> [0]1'])
  t.same(connected(false, [from(0, ports(2))], [to(1, ports(3))]), ['0[2] -> [3]1'])
  t.same(connected(false, [from(0), from(1, ports(4))], [to(2, ports(5))]), ['0[0] -> [5]2', '1[4] -> [5]2'])
  t.same(connected(false, [from(0, ports(0, 2))], [to(1)]), ['0[0] -> [0]1', '0[2] -> [0]1'])
  t.same(connected(false, [from(0)], [to(1), to(2)]), ['0[0] -> [0]1', '0[0] -> [0]2'])
})

t.test('many to many, in their order', async (t) => {
  t.same(connected(true, [from(0, ports(0, 1)), from(1)], [to(2), to(3, ports(7, 8))]), [
    '0[0] -> [0]2',
    '0[1] -> [7]3',
    '1[0] -> [8]3',
  ])
  t.same(connected(true, [from(0)], [to(1), to(2)]), ['0[0] -> [0]1', '0[1] -> [0]2'], 'a port left out counts up')
  t.same(connected(true, [from(0, sequence(2))], [to(1)]), ['0[0] -> [0]1', '0[1] -> [1]1'])
  t.same(connected(true, [from(0, ports(0))], [to(1), to(2)]), ['0[0] -> [0]1', '0[0] -> [0]2'], 'one given does not')
})

t.test('an open list takes what is left', async (t) => {
  t.same(connected(true, [from(0, open(3)), from(1)], [to(2), to(3), to(4)]), [
    '0[3] -> [0]2',
    '0[4] -> [0]3',
    '1[0] -> [0]4',
  ])
  t.same(connected(false, [from(0, open(0))], [to(1)]), ['0[0] -> [0]1'])
})

t.test('a connection of more than there may be is refused', async (t) => {
  const many = Array.from({ length: 8 }, () => from(0, sequence(65_536)))
  t.throws(() => connected(true, many, [to(1)]), Overflow)
})
