/** The formats that images come in, and the hypervisors that can start nodes from them. */

const emulators = ['qemu', 'kvm'] as const

export const imageFormats = {
  /** A root file system in a host's own directory of images. */
  directory: { hypervisors: ['lxc'] },
  /** The same packed, also by gzip or zstd. */
  tar: { hypervisors: ['lxc'] },
  /** Disks. */
  raw: { hypervisors: emulators },
  qcow2: { hypervisors: emulators },
  /** A tar, or of a host's own a directory, with the files kernel, initrd and cmdline. */
  kernel: { hypervisors: [...emulators, 'xen'] },
} as const satisfies Readonly<Record<string, { readonly hypervisors: readonly string[] }>>

export type ImageFormat = keyof typeof imageFormats

export const isImageFormat = (format: string): format is ImageFormat => Object.hasOwn(imageFormats, format)

/** Whether a hypervisor starts nodes from images of a format. The one for tests takes what it is given. */
export const suitsImage = (hypervisor: string, format: string): boolean =>
  hypervisor === 'fake' ||
  (isImageFormat(format) && (imageFormats[format].hypervisors as readonly string[]).includes(hypervisor))

/** What a node that names no image starts from: a container the programs of its host, a virtual machine a small kernel. */
export const defaultImage = (hypervisor: string): string => (suitsImage(hypervisor, 'directory') ? 'host' : 'tiny')

/** Letters, digits, dots, hyphens and underscores, at most 80; none is a path that leads elsewhere. */
export const imageNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/

/** 64 hexadecimal digits. */
export const sha256Pattern = /^[0-9a-f]{64}$/
