/** What fake nodes with namespaces were made from, a JSON file each: what libvirt's metadata is to a container. */
import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { domainName } from '../domain-name.ts'
import type { PoolNode } from '../driver.ts'

export interface NodeRecord {
  readonly vnet: string
  readonly id: string
  readonly slot: number
  readonly indexes: readonly number[]
  /** '' while only half of it is there. */
  readonly digest: string
  readonly configuration: string
  /** The pool's node that it was, until it is configured. */
  readonly was?: PoolNode | undefined
}

export interface Records {
  all(): Promise<ReadonlyMap<string, NodeRecord>>
  get(domain: string): Promise<NodeRecord | undefined>
  /** Name of a node's domain: that of the pool's node that it was, or its own. */
  domainOf(vnet: string, id: string): Promise<string>
  set(domain: string, record: NodeRecord): Promise<void>
  delete(domain: string): Promise<void>
}

const suffix = '.json'

/** Nobody else writes the files: they are read once. Namespaces end with the machine, so nothing is synced. */
export const openRecords = (directory: string): Records => {
  let loading: Promise<Map<string, NodeRecord>> | undefined
  /** Domains whose names are others than their nodes'. */
  const taken = new Map<string, string>()
  const keyOf = ({ vnet, id }: Pick<NodeRecord, 'vnet' | 'id'>): string => `${vnet}/${id}`
  const note = (domain: string, record: NodeRecord): void => {
    if (domain !== domainName(record.vnet, record.id)) taken.set(keyOf(record), domain)
  }

  const read = async (): Promise<Map<string, NodeRecord>> => {
    await mkdir(directory, { recursive: true })
    const records = new Map<string, NodeRecord>()
    for (const name of await readdir(directory)) {
      if (!name.endsWith(suffix)) continue
      try {
        const record = JSON.parse(await readFile(join(directory, name), 'utf8')) as NodeRecord
        records.set(name.slice(0, -suffix.length), record)
        note(name.slice(0, -suffix.length), record)
      } catch {
        // Cut short as the machine went down, and its namespace with it.
        await unlink(join(directory, name)).catch(() => {})
      }
    }
    return records
  }
  const load = (): Promise<Map<string, NodeRecord>> => {
    loading ??= read()
    return loading
  }

  return {
    all: load,
    get: async (domain) => (await load()).get(domain),
    domainOf: async (vnet, id) => {
      await load()
      return taken.get(keyOf({ vnet, id })) ?? domainName(vnet, id)
    },
    set: async (domain, record) => {
      const records = await load()
      const file = join(directory, `${domain}${suffix}`)
      await writeFile(`${file}.new`, JSON.stringify(record))
      await rename(`${file}.new`, file)
      records.set(domain, record)
      note(domain, record)
    },
    delete: async (domain) => {
      const records = await load()
      await unlink(join(directory, `${domain}${suffix}`)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
      const record = records.get(domain)
      if (record) taken.delete(keyOf(record))
      records.delete(domain)
    },
  }
}
