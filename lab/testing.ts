/** Virtual hosts for tests of other parts: ready in about a tenth of a second, gone with the test. */
import { create } from '../proto/codec.ts'
import type { VirtualHost } from './host/host.ts'
import { type Lab, type LabOptions, startLab } from './lab.ts'
import { removeLab } from './remove.ts'
import { listLabs, supervisorLives } from './state.ts'

export { labProblem } from './lab.ts'

/** The part of tap's test that is needed. */
export interface Teardown {
  teardown(end: () => Promise<void>): unknown
}

/**
 * A lab that ends with the test; skip the test where `labProblem()` gives a reason. Labs of test runs that were killed are removed.
 */
export const withLab = async (t: Teardown, options: LabOptions): Promise<Lab> => {
  for (const { state, directory } of listLabs(options.base)) {
    if (/^lab-[0-9a-f]{8}$/.test(state.name) && !supervisorLives(state)) await removeLab(state, directory)
  }
  const lab = await startLab(options)
  t.teardown(() => lab.down())
  return lab
}

/** One virtual host alone, named `host`, with libvirtd for containers (or for the drivers given) and no agent. */
export const withVirtualHost = async (
  t: Teardown,
  options: Omit<LabOptions, 'substrate'> = {},
): Promise<VirtualHost> => {
  const lab = await withLab(t, {
    ...options,
    substrate: create('Substrate', { nodes: [{ id: 'host', kind: 'host' }] }),
  })
  return lab.host('host')
}
