/** Images of a provider: its catalogue with the hosts that have fetched what is in it, and what hosts have besides. */
import { create, toJson } from '../../../proto/codec.ts'
import type { HostList, Image, VNetState } from '../../../proto/generated/weft.v1.ts'
import { defaultImage, imageFormats, isImageFormat, suitsImage } from '../../../proto/image-formats.ts'
import { humanSize } from '../human.ts'
import type { Column } from '../table.ts'

export interface ImageRow {
  readonly image: Image
  /** `host`: in a host's own directory; `fetched`: from a catalogue that has it no more. */
  readonly from: 'catalogue' | 'host' | 'fetched'
  /** That have it now. */
  readonly hosts: readonly string[]
  /** Of VNets, that start from what is called so; undefined: nothing that starts now would. */
  readonly nodes: number | undefined
}

const isSame = (a: Image, b: Image): boolean =>
  a.sha256 === b.sha256 && a.format === b.format && (a.sha256 !== '' || a.name === b.name)

const nodesOf = ({ nodes, request }: VNetState, { name, format }: Image): number =>
  nodes.filter(({ id, hypervisor }) => {
    const asked = request?.nodes.find((node) => node.id === id)
    return asked && suitsImage(hypervisor, format) && (asked.image || defaultImage(hypervisor)) === name
  }).length

/** Pure. By name; what nodes can start from before what only takes room. */
export const imagesOf = ({ hosts, images }: HostList, vnets: readonly VNetState[]): readonly ImageRow[] => {
  const rowOf = (image: Image, from: ImageRow['from']): ImageRow => ({
    image,
    from,
    hosts: hosts
      .filter(({ inventory }) => inventory?.storedImages.some((stored) => isSame(stored, image)))
      .map(({ name }) => name),
    nodes: from === 'fetched' ? undefined : vnets.reduce((sum, vnet) => sum + nodesOf(vnet, image), 0),
  })
  const rows = images.map((image) => rowOf(image, 'catalogue'))
  for (const stored of hosts.flatMap(({ inventory }) => inventory?.storedImages ?? [])) {
    if (rows.some(({ image }) => isSame(stored, image))) continue
    const { name, format, sha256, sizeBytes } = stored
    rows.push(rowOf(create('Image', { name, format, sha256, sizeBytes }), sha256 === '' ? 'host' : 'fetched'))
  }
  const rank = ({ from }: ImageRow): number => Number(from === 'fetched')
  return rows.sort((a, b) => (a.image.name < b.image.name ? -1 : a.image.name > b.image.name ? 1 : rank(a) - rank(b)))
}

const columns: readonly Column<ImageRow>[] = [
  { title: 'IMAGE', cell: ({ image }) => image.name },
  { title: 'FORMAT', cell: ({ image }) => image.format },
  { title: 'SIZE', cell: ({ image }) => (image.sizeBytes > 0 ? humanSize(image.sizeBytes) : '') },
  { title: 'FROM', cell: ({ from }) => from },
  { title: 'NODES', cell: ({ nodes }) => (nodes === undefined ? '' : String(nodes)) },
  { title: 'HOSTS', cell: ({ hosts }) => hosts.join(',') },
  {
    title: 'HYPERVISORS',
    wide: true,
    cell: ({ image: { format } }) => (isImageFormat(format) ? imageFormats[format].hypervisors.join(',') : ''),
  },
  { title: 'URL', wide: true, cell: ({ image }) => image.url },
  { title: 'SHA256', wide: true, cell: ({ image }) => image.sha256 },
]

export const images = {
  name: ({ image: { name, sha256 }, from }: ImageRow) =>
    from === 'fetched' ? `image/${name}@sha256:${sha256}` : `image/${name}`,
  columns,
  json: ({ image, from, hosts, nodes }: ImageRow) => ({
    ...(toJson('Image', image) as object),
    from,
    hosts,
    ...(nodes === undefined ? {} : { nodes }),
  }),
}
