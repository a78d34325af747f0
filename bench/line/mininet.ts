/** The line in Mininet, run inside a virtual host so that what a failure leaves goes with the host. */
import { fileURLToPath } from 'node:url'
import type { VirtualHost } from '../../lab/host/host.ts'
import { findProgram } from '../../lab/host/libvirt.ts'
import { run } from '../../lab/processes.ts'
import { WeftError } from '../../proto/errors.ts'
import type { LineTimes } from './compare.ts'

/** A switch for each link, or none. */
export const mininetForms = ['bridges', 'direct'] as const
export type MininetForm = (typeof mininetForms)[number]

/** Debian's packages use Debian's Python, whatever else is first in the path. */
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('./topology.py', import.meta.url))
const timeoutMs = 600_000

/** Why Mininet cannot be measured here; false where it can. */
export const mininetProblem = async (form: MininetForm): Promise<string | false> => {
  const install = 'apt-get install --no-install-recommends mininet bridge-utils'
  const missing = ['mnexec', ...(form === 'bridges' ? ['brctl'] : [])].find((program) => !findProgram(program))
  if (missing) return `${missing} is not installed (${install})`
  const imported = await run([python, '-c', 'import mininet.net'], { timeoutMs: 60_000 }).catch(() => undefined)
  return imported?.status === 0 ? false : `${python} knows no Mininet (${install})`
}

/** Throws lab.failed where it does not come up, or two neighbours do not reach each other. */
export const runMininet = async (host: VirtualHost, form: MininetForm, nodes: number): Promise<LineTimes> => {
  const { status, stdout, stderr } = await host.exec([python, script, form, String(nodes)], { timeoutMs })
  if (status !== 0)
    throw new WeftError('lab.failed', `Mininet failed: ${stderr.trim().split('\n').slice(-3).join('; ')}`)
  const { up, down, pinged } = JSON.parse(stdout) as { up: number; down: number; pinged: boolean }
  if (!pinged) throw new WeftError('lab.failed', 'neighbours in Mininet do not reach each other')
  return { upSeconds: up, downSeconds: down }
}
