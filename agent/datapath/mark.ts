/**
 * The mark that every interface we make or use carries in its alias (IFLA_IFALIAS, `ip link set dev X alias …`), so that
 * `ip link` shows whose it is and what nobody wants any more is found:
 *
 *     weft:{vnet}:link/{id}[ {note}]     a bridge or tunnel of a link; the note is the driver's own
 *     weft:{vnet}:link/{id} port[ …]     an end of a pair of ports of the data path click
 *     weft:{vnet}:node/{id}              a vif of a node
 *     weft service {id} of {nic}         an 802.1ad device that links of several VNets share
 *     weft service nic={nic} …           the bridge of a NIC that they share, and what the NIC was like before (bridge/note.ts)
 */
export type MarkedKind = 'link' | 'node'

export interface Mark {
  readonly vnet: string
  readonly kind: MarkedKind
  readonly id: string
  /** What follows the first space; '' for nothing. */
  readonly note: string
}

/** Longest alias that the kernel keeps (IFALIASZ without the final zero), bytes. */
export const aliasMaxBytes = 255

export const linkMark = (vnet: string, id: string, note = ''): string =>
  note === '' ? `weft:${vnet}:link/${id}` : `weft:${vnet}:link/${id} ${note}`

export const nodeMark = (vnet: string, id: string): string => `weft:${vnet}:node/${id}`

/** Reads an alias; undefined where it is not one of our marks. */
export const parseMark = (alias: string): Mark | undefined => {
  const match = /^weft:([^:/ ]+):(link|node)\/([^ ]+)(?: (.*))?$/.exec(alias)
  if (match === null) return undefined
  const [, vnet = '', kind, id = '', note = ''] = match
  return { vnet, kind: kind as MarkedKind, id, note }
}

const marks = new WeakMap<object, { readonly mark: Mark | undefined }>()

/** That of an interface, which is a value: thousands that nobody has changed are asked at every look. */
export const markOf = (link: { readonly alias: string }): Mark | undefined => {
  const known = marks.get(link)
  if (known) return known.mark
  const mark = parseMark(link.alias)
  marks.set(link, { mark })
  return mark
}

/** Of those that have one, by the interface's name. */
export const marksOf = (
  links: readonly { readonly name: string; readonly alias: string }[],
): ReadonlyMap<string, Mark> => {
  const found = new Map<string, Mark>()
  for (const link of links) {
    const mark = markOf(link)
    if (mark !== undefined) found.set(link.name, mark)
  }
  return found
}

const serviceWords = 'weft service '

/** Of a device that is no single link's, and so no Mark. */
export const serviceMark = (service: number, nic: string): string => `weft service ${service} of ${nic}`

export const sharedMark = (note: string): string => `${serviceWords}${note}`

/** The note of a shared NIC's bridge; undefined of an alias of another kind. */
export const sharedNote = (alias: string): string | undefined =>
  alias.startsWith(`${serviceWords}nic=`) ? alias.slice(serviceWords.length) : undefined

export const isServiceMark = (alias: string): boolean => alias.startsWith(serviceWords)

/** Whether it is of the data path click, which has no other interfaces of links. */
export const isPort = ({ kind, note }: Mark): boolean => kind === 'link' && /^port( |$)/.test(note)
