/** What tests of the service share: a network namespace with veth pairs, a bpf file system and records of their own. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeNamespace } from '../../../../native/test/support/network.ts'
import { mountBpffs } from '../../../ebpf/pins.ts'
import { openRoute, type RouteSocket } from '../../../netlink/route.ts'
import type { Places } from '../places.ts'

export const run = promisify(execFile)

interface Teardown {
  teardown(work: () => unknown): void
}

export const temporaryPlaces = async (t: Teardown, namespace: string | undefined): Promise<Places> => {
  const root = mkdtempSync(join(tmpdir(), 'weft-click-service-'))
  const bpffs = mkdtempSync(join(root, 'bpf-'))
  await mountBpffs(bpffs)
  t.teardown(async () => {
    await run('umount', [bpffs])
    rmSync(root, { recursive: true })
  })
  return { namespace, bpffs, directory: join(root, 'records') }
}

export interface Lines {
  readonly path: string
  readonly route: RouteSocket
  readonly places: Places
  readonly index: (name: string) => Promise<number>
  /** Ends the namespace, where nothing else holds it. */
  readonly end: () => Promise<void>
}

/**
 * Pairs of interfaces, up and silent: `a0` and `a1` are the ends of one line, `b0` and `b1` of another. Routers are at a1 and b1, their users at
 * a0 and b0.
 */
export const makeLines = async (t: Teardown, names: readonly string[] = ['a', 'b']): Promise<Lines> => {
  const namespace = await makeNamespace()
  const route = openRoute({ namespace: namespace.path })
  const end = async (): Promise<void> => {
    route.close()
    await namespace.release()
  }
  t.teardown(end)
  for (const name of names) {
    await route.addLink({ name: `${name}0`, info: { kind: 'veth', peer: { name: `${name}1` } } })
    for (const end of [`${name}0`, `${name}1`]) {
      await route.setLink(end, { addressGeneration: 1 })
      await route.setLink(end, { up: true })
    }
  }
  const index = async (name: string): Promise<number> => {
    const link = await route.link(name)
    if (!link) throw new Error(`no ${name}`)
    return link.index
  }
  return { path: namespace.path, route, places: await temporaryPlaces(t, namespace.path), index, end }
}
