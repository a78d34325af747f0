/** link: what this host's part of a link carried, by every data path that has a part of it. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { GetLink, HostReply, LinkCounters } from '../../proto/generated/weft.v1.ts'
import { linkSpecs } from '../reconcile/plan-links.ts'
import { type CommandContext, visibleSlice } from './context.ts'

export const countLink = async (
  { desired, slots, datapaths }: CommandContext,
  { vnet, link: id }: GetLink,
  owner: string,
): Promise<HostReply> => {
  const object = `link/${id}`
  const slice = visibleSlice(desired, vnet, owner)
  if (!slice.links.some((one) => one.id === id)) {
    const hint = `links: ${slice.links.map((one) => one.id).join(', ') || 'none'}`
    throw new WeftError('link.unknown', `${vnet} has no link ${id} on this host`, { object, hint })
  }
  const slotOf = ({ id: node }: { readonly id: string }): readonly [string, number][] => {
    const slot = slots.get(vnet, node)
    return slot === undefined ? [] : [[node, slot]]
  }
  const specs = linkSpecs(slice, new Map(slice.nodes.flatMap(slotOf))).filter(({ spec }) => spec.link.id === id)
  const answers = await Promise.all(specs.flatMap(({ spec }) => datapaths.map((datapath) => datapath.counters?.(spec))))
  const parts = answers.filter((part): part is LinkCounters => part !== undefined)
  if (parts.length === 0) {
    throw new WeftError('datapath.unavailable', `nothing of link ${id} of ${vnet} stands here that counts`, {
      object,
      hint: 'once it is built; the report says what is in the way',
    })
  }
  return create('HostReply', {
    link: {
      datapath: parts.map(({ datapath }) => datapath).join(', '),
      directions: parts.flatMap(({ directions }) => directions),
    },
  })
}
