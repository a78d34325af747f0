/** What is kept of the queueing of a NIC, told messages as the kernel says them. */
import t from 'tap'
import { type Message, messageFlag } from '../../netlink/codec/message.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { addClass, deleteClass } from '../../netlink/traffic/class.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { addQdisc, deleteQdisc } from '../../netlink/traffic/qdisc.ts'
import { classOf } from '../rates.ts'
import { bestEffortClass, innerClass, managementClass, rootHandle } from '../underlay/pieces.ts'
import { trafficCopy } from '../underlay/reading.ts'

const nic = 2
const said = ({ type, body }: Request, flags = 0): Message => ({ type, flags, sequence: 0, portId: 7, body })
const root = said(
  addQdisc({ index: nic, handle: rootHandle, parent: parent.root, options: { kind: 'htb', defaultClass: 2 } }),
)
const classNamed = (classId: number, flags = 0) =>
  said(addClass({ index: nic, classId, parent: innerClass, options: classOf(1e6, 1e9, 3) }), flags)

const classesOf = (copy: ReturnType<typeof trafficCopy>) => [...(copy.moment().get(nic)?.classes.keys() ?? [])]

t.test('classes and filters of a NIC are asked for when one of them has changed, and not before', async (t) => {
  const copy = trafficCopy()
  copy.hear(root)
  const [classes, filters] = copy.questions()
  const answer = classNamed(managementClass, messageFlag.multi)
  copy.hear(answer)
  classes?.take([answer])
  filters?.take([])
  t.same(classesOf(copy), [managementClass])
  t.same(copy.questions(), [], 'a dump is no change')
  copy.hear(classNamed(bestEffortClass))
  t.same(classesOf(copy), [managementClass], 'nothing is forgotten meanwhile')
  t.equal(copy.questions().length, 2)
})

t.test('what is announced while they are asked for is asked for the next time', async (t) => {
  const copy = trafficCopy()
  copy.hear(root)
  const [classes, filters] = copy.questions()
  classes?.take([classNamed(managementClass)])
  copy.hear(classNamed(bestEffortClass))
  filters?.take([])
  t.same(classesOf(copy), [managementClass])
  const [again, last] = copy.questions()
  again?.take([classNamed(managementClass), classNamed(bestEffortClass)])
  last?.take([])
  t.same(classesOf(copy), [managementClass, bestEffortClass])
  t.same(copy.questions(), [])
})

t.test('a root that goes while they are asked for takes all along', async (t) => {
  const copy = trafficCopy()
  copy.hear(root)
  const [classes, filters] = copy.questions()
  classes?.take([classNamed(managementClass)])
  copy.hear(said(deleteQdisc(nic, parent.root, rootHandle)))
  filters?.take([])
  t.same(copy.moment().underlays, [])
  t.equal(copy.moment().get(nic), undefined)
  t.same(copy.questions(), [])
})

t.test('the queue of a class goes with it', async (t) => {
  const copy = trafficCopy()
  copy.hear(root)
  copy.hear(
    said(addQdisc({ index: nic, handle: 0x8001_0000, parent: managementClass, options: { kind: 'bfifo', limit: 9 } })),
  )
  const before = copy.moment()
  copy.hear(said(deleteClass(nic, managementClass)))
  t.equal(copy.moment().qdiscs.get(nic)?.length, 1)
  t.equal(before.qdiscs.get(nic)?.length, 2, 'a moment stays')
})
