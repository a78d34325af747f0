/** A PIP's catalogue of images: where each comes from, what it is, and which hosts' hypervisors can start it. */
import { create } from '../../proto/codec.ts'
import type { HostInventory, Image } from '../../proto/generated/weft.v1.ts'
import { imageNamePattern, sha256Pattern, suitsImage } from '../../proto/image-formats.ts'
import { bytes } from '../description/units.ts'
import type { Reader } from './reader.ts'

/** What the schema has let through. */
export interface ImageEntry {
  readonly url: string
  readonly sha256: string
  readonly format: string
  readonly size?: string
  readonly cloud_init?: boolean
  readonly guest_agent?: boolean
}

/** The image that every host has without files: its own programs. */
const hostImage = 'host'

const schemes = ['file:', 'http:', 'https:']

const isSource = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { protocol, host, pathname } = new URL(url)
  return schemes.includes(protocol) && (protocol !== 'file:' || (host === '' && pathname.length > 1))
}

export const readImages = (
  entries: Readonly<Record<string, ImageEntry>> | null | undefined,
  reader: Reader,
): readonly Image[] => {
  const images: Image[] = []
  for (const [name, entry] of Object.entries(entries ?? {})) {
    const path = ['images', name]
    const { url, sha256, format, size, cloud_init: cloudInit = false, guest_agent: guestAgent = false } = entry
    const digest = sha256.toLowerCase()
    if (!imageNamePattern.test(name))
      reader.fail(path, 'is no name', 'letters, digits, dots, hyphens and underscores, at most 80')
    if (name === hostImage) reader.fail(path, "is every host's own programs already", 'give the image another name')
    if (!isSource(url))
      reader.fail([...path, 'url'], `is ${JSON.stringify(url)}`, 'file:///PATH of the hosts, http://… or https://…')
    if (!sha256Pattern.test(digest))
      reader.fail([...path, 'sha256'], 'is no SHA-256', '64 hexadecimal digits, as sha256sum prints them')
    const sizeBytes = reader.amount(bytes, size, [...path, 'size'])
    reader.declare(`image/${name}`, path)
    images.push(create('Image', { name, url, sha256: digest, sizeBytes, format, cloudInit, guestAgent }))
  }
  return images
}

/**
 * What the hypervisors of a host can start, as hypervisor/image: what the catalogue has, and what lies in the host's own directory under no name of the
 * catalogue's. Of what no format is told (an older agent) each may.
 */
export const imageOffers = (
  catalogue: readonly Image[],
  { images, storedImages }: Pick<HostInventory, 'images' | 'storedImages'>,
  hypervisors: readonly string[],
): readonly string[] => {
  const listed = new Set(catalogue.map(({ name }) => name))
  const formats = new Map(storedImages.filter(({ sha256 }) => sha256 === '').map(({ name, format }) => [name, format]))
  const offers = (name: string, format: string): readonly string[] =>
    hypervisors.filter((hypervisor) => suitsImage(hypervisor, format)).map((hypervisor) => `${hypervisor}/${name}`)
  return [
    ...catalogue.flatMap(({ name, format }) => offers(name, format)),
    ...images
      .filter((name) => !listed.has(name))
      .flatMap((name) => {
        const format = formats.get(name)
        return format === undefined ? [name] : offers(name, format)
      }),
  ]
}
