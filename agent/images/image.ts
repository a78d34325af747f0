/** What an image is to a hypervisor's driver, once it is on the host. */

interface Opened {
  readonly name: string
  /** SHA-256 of the file that it came in, in hexadecimal; '' for one of the host's own directory. */
  readonly digest: string
  /** Whether it reads a NoCloud seed. */
  readonly cloudInit: boolean
  /** Whether it has the QEMU guest agent. */
  readonly guestAgent: boolean
}

/** A root file system, for containers. Many nodes have it at once: nobody may write to it. */
export interface TreeImage extends Opened {
  readonly kind: 'tree'
  /** Directory; '/' for the host itself. */
  readonly root: string
  /** Whether its files belong to the ids that containers' users are mapped to: then all of it is the guest's, not its programs alone. */
  readonly isMapped: boolean
}

/** A disk, for virtual machines. Many nodes have it at once, each through a layer of its own (disk.ts, prepareDisk). */
export interface DiskImage extends Opened {
  readonly kind: 'disk'
  /** Of the file, which has no backing file and no data file. */
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  /** As the guest sees it. */
  readonly sizeBytes: number
}

/** A kernel that a hypervisor starts without a boot loader. */
export interface KernelImage extends Opened {
  readonly kind: 'kernel'
  /** Paths of files. */
  readonly kernel: string
  readonly initrd: string
  /** Its own words of the command line; what configures the node is added by the driver. */
  readonly commandLine: string
}

export type OpenImage = TreeImage | DiskImage | KernelImage
export type ImageKind = OpenImage['kind']
