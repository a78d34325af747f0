/** What there is on a host, as lines of text without what differs from one making to the next: two hosts with the same objects have the same lines. */
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { blocks } from '../../agent/datapath/bridge/isolation.ts'
import { parseMark } from '../../agent/datapath/mark.ts'
import type { Link } from '../../agent/netlink/link/link.ts'
import type { RouteSocket } from '../../agent/netlink/route.ts'
import type { LibvirtConnection } from '../../native/libvirt.ts'

/** Buffers are what has no name: time left on timers, counters. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === 'unknown' || key === 'data' ? undefined : inner))

const linkLine = (link: Link, nameOf: (index: number) => string): string => {
  const { name, up, mtu, alias, master, addressGeneration, port } = link
  const info = link.info?.kind === 'vxlan' ? { ...link.info, lower: nameOf(link.info.lower ?? 0) } : link.info
  // A port's state follows the carrier of what is at the other end.
  const settings = port?.kind === 'bridge' ? { ...port, state: 0 } : undefined
  return `link ${name} ${textOf({ up, mtu, alias, master: nameOf(master), addressGeneration, info, port: settings })}`
}

const networkLines = async (route: RouteSocket): Promise<readonly string[]> => {
  const [links, qdiscs] = await Promise.all([route.links(), route.qdiscs()])
  const nameOf = (index: number): string => links.find((link) => link.index === index)?.name ?? ''
  // The kernel numbers those that nobody numbered.
  const chosen = (handle: number): number => (handle >>> 31 === 1 ? 0 : handle)
  const lines = links.map((link) => linkLine(link, nameOf))
  for (const { index, handle, parent, options } of qdiscs) {
    if (options.kind !== 'other') lines.push(`qdisc ${nameOf(index)} ${chosen(handle)} ${parent} ${textOf(options)}`)
  }
  const shaped = qdiscs.filter(({ options }) => options.kind === 'htb')
  for (const { index, handle } of shaped) {
    const dev = nameOf(index)
    for (const { classId, options } of await route.classes(index))
      lines.push(`class ${dev} ${classId} ${textOf(options)}`)
    for (const filter of await route.filters({ index, parent: handle })) {
      lines.push(`filter ${dev} ${filter.handle} ${filter.priority} ${textOf(filter.options)}`)
    }
  }
  const isMarked = links.some(({ alias }) => parseMark(alias)?.kind === 'link')
  for (const block of isMarked ? Object.values(blocks) : []) {
    for (const { handle, priority, options } of await route.filters({ block })) {
      lines.push(`filter ${block} ${handle} ${priority} ${textOf(options)}`)
    }
  }
  return lines
}

/** What libvirt makes up at each definition or start. */
const madeUp = /<uuid>.*<\/uuid>| id='\d+'|pid='\d+'/g

const domainLines = async (connection: LibvirtConnection): Promise<readonly string[]> => {
  const domains = await connection.list()
  return Promise.all(
    domains.map(async ({ name, uuid, state }) => {
      const xml = await connection.xml(uuid, 2)
      return `domain ${name} ${state} ${xml.replace(madeUp, '').replace(/\s+/g, ' ')}`
    }),
  )
}

/** Written by what runs inside. */
const isBusy = (path: string): boolean => /\/root\/(run|tmp|var\/log)\//.test(path) || /\/released(-by)?$/.test(path)

const fileLines = async (directory: string): Promise<readonly string[]> => {
  const names = (await readdir(directory)).sort()
  const lines = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name)
      if (isBusy(path)) return []
      const { mode, uid, gid } = await lstat(path)
      const kind = mode & 0o170000
      const content = kind === 0o120000 ? await readlink(path) : kind === 0o100000 ? await readFile(path) : ''
      const digest = createHash('sha256').update(content).digest('base64url').slice(0, 12)
      const line = `file ${path} ${mode.toString(8)} ${uid}:${gid} ${digest}`
      return kind === 0o040000 ? [line, ...(await fileLines(path))] : [line]
    }),
  )
  return lines.flat()
}

export const hostState = async (
  route: RouteSocket,
  connection: LibvirtConnection,
  stateDir: string,
): Promise<readonly string[]> => {
  const files = fileLines(join(stateDir, 'nodes')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const lines = await Promise.all([networkLines(route), domainLines(connection), files])
  return lines.flat().sort()
}

/** Lines that only one of the two has; + for those of the first. */
export const stateDifference = (first: readonly string[], second: readonly string[]): readonly string[] => {
  const [ours, others] = [new Set(first), new Set(second)]
  return [
    ...first.filter((line) => !others.has(line)).map((line) => `+ ${line}`),
    ...second.filter((line) => !ours.has(line)).map((line) => `- ${line}`),
  ]
}
