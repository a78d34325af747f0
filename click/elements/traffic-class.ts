/**
 * TrafficClass(CLASSID): says which class of the sending interface's queueing discipline packets are of.
 *
 * Weft's own. CLASSID is MAJOR:MINOR in hexadecimal digits, as tc(8) writes it: the major number is the handle of the discipline. A
 * classful discipline that has such a class (htb: a leaf) puts the packet there before it asks its filters. The class goes along with copies that are made
 * behind it, through tunnels, and with every segment of a packet that is still to be segmented; the border of a network namespace takes it off.
 *
 * Ports: one input, one output. Processing: agnostic.
 * See also: ToDevice, ToNeighbour.
 */
import { required } from '../arguments/spec.ts'
import { type ArgumentType, refuse } from '../arguments/types.ts'
import { defineElement, readWrite } from '../element.ts'

/** The major number in the upper 16 bits. */
const classIdentifier: ArgumentType<number> = {
  name: 'MAJOR:MINOR',
  parse: (text) => {
    const [, major = '', minor = ''] = /^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})$/.exec(text) ?? []
    const value = Number.parseInt(major, 16) * 0x1_0000 + Number.parseInt(minor, 16)
    return value > 0xffff ? value : refuse('expected MAJOR:MINOR, up to ffff:ffff, MAJOR not 0')
  },
}

export const trafficClass = defineElement({
  name: 'TrafficClass',
  summary: 'says which traffic class packets are of',
  origin: 'weft',
  ports: '1/1',
  arguments: { CLASSID: required(classIdentifier, 'handle of the discipline, and its class') },
  handlers: [readWrite('classid', 'CLASSID')],
})
