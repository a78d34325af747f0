/**
 * The NoCloud seed of an image that has cloud-init: an ISO image that tells the node its name, its network, its files and its command at its
 * first boot. https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
 */
import { execFile } from 'node:child_process'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { WeftError } from '../../../proto/errors.ts'
import { defaultMtu } from '../../defaults.ts'
import { nodeDigest } from '../digest.ts'
import type { NodeSpec } from '../driver.ts'

const run = promisify(execFile)
const timeoutMs = 120_000

export interface SeedOptions {
  /** The guest agent does it, now and whenever it changes: the seed then tells the name alone. */
  readonly isConfiguredLater: boolean
}

/** Pure: the files of the seed, by name. */
export const seedFiles = (spec: NodeSpec, { isConfiguredLater }: SeedOptions): Readonly<Record<string, string>> => {
  const { vnet, node } = spec
  const metaData = { 'instance-id': `${vnet}/${node.id}/${nodeDigest(spec)}`, 'local-hostname': node.id }
  if (isConfiguredLater) {
    return {
      'meta-data': stringify(metaData),
      'user-data': '#cloud-config\n{}\n',
      'network-config': stringify({ version: 2, ethernets: {} }),
    }
  }
  const ethernets = node.interfaces.map(({ index, mac, mtu, addresses }) => [
    `eth${index}`,
    {
      // Without an address it is found by the name that the guest's kernel gives.
      ...(mac === '' ? {} : { match: { macaddress: mac.toLowerCase() }, 'set-name': `eth${index}` }),
      mtu: mtu || defaultMtu,
      addresses,
    },
  ])
  const files = (node.startUp?.files ?? []).map(({ path, content, mode }) => ({
    path,
    content,
    permissions: `0${(mode || 0o644).toString(8)}`,
  }))
  const userData = {
    ...(files.length > 0 ? { write_files: files } : {}),
    ...(node.startUp?.command ? { runcmd: [['sh', '-c', node.startUp.command]] } : {}),
  }
  return {
    'meta-data': stringify(metaData),
    'user-data': `#cloud-config\n${stringify(userData)}`,
    'network-config': stringify({ version: 2, ethernets: Object.fromEntries(ethernets) }),
  }
}

/** Writes it anew, and returns its path. Throws not-supported where genisoimage(1) is not installed. */
export const writeSeed = async (path: string, spec: NodeSpec, options: SeedOptions): Promise<string> => {
  const directory = `${path}.files`
  try {
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory)
    const files = Object.entries(seedFiles(spec, options))
    await Promise.all(files.map(([name, text]) => writeFile(join(directory, name), text)))
    await run('genisoimage', ['-quiet', '-volid', 'cidata', '-joliet', '-rock', '-output', `${path}.new`, directory], {
      timeout: timeoutMs,
    })
    await rename(`${path}.new`, path)
    return path
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new WeftError('not-supported', 'this host has no genisoimage, which images with cloud-init need', {
      hint: 'install genisoimage',
      cause: error,
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
