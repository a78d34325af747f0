/** Images of a provider: its catalogue with the hosts that have fetched what is in it, and what hosts have in their own directories. */
import { create, toJson } from '../../../proto/codec.ts'
import type { HostList, Image } from '../../../proto/generated/weft.v1.ts'
import { humanSize } from '../human.ts'
import type { Column } from '../table.ts'

export interface ImageRow {
  readonly image: Image
  readonly isListed: boolean
  /** That have it now. */
  readonly hosts: readonly string[]
}

/** Pure. By name, the catalogue's first. */
export const imagesOf = ({ hosts, images: catalogue }: HostList): readonly ImageRow[] => {
  const having = (is: (image: Image) => boolean): readonly string[] =>
    hosts.filter(({ inventory }) => inventory?.storedImages.some(is)).map(({ name }) => name)
  const listed = catalogue.map((image) => ({
    image,
    isListed: true,
    hosts: having(({ sha256, format }) => sha256 === image.sha256 && format === image.format),
  }))
  const own = new Map<string, Image>()
  for (const { inventory } of hosts) {
    for (const { name, format, sha256 } of inventory?.storedImages ?? [])
      if (sha256 === '') own.set(`${name} ${format}`, create('Image', { name, format }))
  }
  const unlisted = [...own.values()].map((image) => ({
    image,
    isListed: false,
    hosts: having(({ name, format, sha256 }) => sha256 === '' && name === image.name && format === image.format),
  }))
  return [...listed, ...unlisted].sort((a, b) =>
    a.image.name < b.image.name ? -1 : a.image.name > b.image.name ? 1 : 0,
  )
}

const columns: readonly Column<ImageRow>[] = [
  { title: 'IMAGE', cell: ({ image }) => image.name },
  { title: 'FORMAT', cell: ({ image }) => image.format },
  { title: 'SIZE', cell: ({ image }) => (image.sizeBytes > 0 ? humanSize(image.sizeBytes) : '') },
  { title: 'FROM', cell: ({ isListed }) => (isListed ? 'catalogue' : 'host') },
  { title: 'HOSTS', cell: ({ hosts }) => hosts.join(',') },
  { title: 'URL', wide: true, cell: ({ image }) => image.url },
  { title: 'SHA256', wide: true, cell: ({ image }) => image.sha256 },
]

export const images = {
  name: ({ image }: ImageRow) => `image/${image.name}`,
  columns,
  json: ({ image, hosts }: ImageRow) => ({ ...(toJson('Image', image) as object), hosts }),
}
