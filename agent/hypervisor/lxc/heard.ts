/**
 * Containers that libvirtd does not hear of. A controller says who process 1 of its container is as soon as libvirtd connects to it, and libvirtd (virLXCMonitorNew,
 * 9.0) reads from the connection before it knows what such words are about. Where the word comes in between, which about one start in fifty meets, it drops the
 * connection without telling anybody. The container runs; but libvirtd calls it running for ever, does not start it again after reboot(2), and never tells that it
 * has ended. It connects again only as it starts itself.
 *
 * By the time that a start settles it is decided which of both it is, and each shows. The containers that libvirtd starts again by itself are not among them: it
 * does that on the thread that reads.
 */
import { closeSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DomainSummary, LibvirtConnection } from '../../../native/libvirt.ts'
import { isRunning, unless } from '../libvirt/domains.ts'
import { initOf } from './enter.ts'

type Connection = Pick<LibvirtConnection, 'start' | 'destroy' | 'lookupByName' | 'lxcNamespaces'>
type Named = Pick<DomainSummary, 'name' | 'uuid'>

/**
 * How long libvirtd has for the word of a connection that stands, in milliseconds. It may miss that alone (the word came as only the handlers were missing), and
 * hears the end all the same.
 */
const patienceMs = 3000
const pauseMs = 5
/** Where so many in a row are not heard of, that is no chance. */
const mostStarts = 8

/** SS_CONNECTING of one that the listener has not accepted yet, SS_CONNECTED (linux/net.h). */
const connected = ['02', '03']

/**
 * Whether somebody listens on the socket, and nobody is connected to it. Pure; `unix` is /proc/PID/net/unix, where what was accepted bears the path of the
 * listener: Num RefCount Protocol Flags Type St Inode Path.
 */
export const isForsaken = (unix: string, socket: string): boolean => {
  const lines = unix.split('\n').filter((line) => line.endsWith(`/${socket}`))
  const states = lines.map((line) => line.split(/\s+/)[5] ?? '')
  return states.length > 0 && !states.some((state) => connected.includes(state))
}

/** libvirtd keeps the process 1 of the run before until it hears of another, hence the comparison. */
const knowsInit = async (connection: Connection, uuid: string, init: number): Promise<boolean> => {
  const descriptors = (await connection.lxcNamespaces(uuid).catch(unless('OPERATION_INVALID'))) ?? []
  try {
    const namespace = await readlink(`/proc/${init}/ns/pid`).catch(() => '')
    const known = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`)))
    return namespace !== '' && known.includes(namespace)
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

/** Of a container that was started: whether libvirtd will hear of its end, or has. Throws libvirt's errors. */
export const isHeard = async (connection: Connection, { name, uuid }: Named, forMs = patienceMs): Promise<boolean> => {
  const { id } = await connection.lookupByName(name)
  for (const end = performance.now() + forMs; ; await sleep(pauseMs)) {
    const now = await connection.lookupByName(name)
    if (!isRunning(now) || now.id !== id) return true
    const init = await initOf(id)
    if (init !== undefined && (await knowsInit(connection, uuid, init))) return true
    const unix = await readFile(`/proc/${id}/net/unix`, 'utf8').catch(() => '')
    // The controller closes the connection as well, once process 1 has ended: one that is there afterwards shows that it was not that.
    const isThere = (await initOf(id)) !== undefined
    if (isThere && isForsaken(unix, `${name}.sock`)) return false
    if (performance.now() > end) return isThere
  }
}

/**
 * Starts a container: again where libvirtd does not hear of it, before anything is made of it. False: it is started, and not heard of. Throws libvirt's errors.
 * @param onStarted from now on it may be that it runs
 */
export const startHeard = async (connection: Connection, domain: Named, onStarted: () => void): Promise<boolean> => {
  for (let starts = 1; ; starts++) {
    await connection.start(domain.uuid)
    if (starts === 1) onStarted()
    if (await isHeard(connection, domain)) return true
    if (starts === mostStarts) return false
    await connection.destroy(domain.uuid).catch(unless('OPERATION_INVALID'))
  }
}
