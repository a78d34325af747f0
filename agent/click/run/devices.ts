/** The interfaces that a configuration names. */
import type { Compiled } from '../compile/compile.ts'

export interface Devices {
  /** Of FromDevice, which takes packets off the wire, and FromHost, which takes those of the host. Of one device with both, the wire's. */
  readonly sources: ReadonlyMap<string, 'wire' | 'host'>
  /** Of ToDevice. What leaves by ToNeighbour or ToIngress is not noted: there are no neighbours, and nobody is behind the other. */
  readonly sinks: ReadonlySet<string>
  readonly all: readonly string[]
}

export const devicesOf = ({ elements, programs }: Compiled): Devices => {
  const named = (wanted: string): readonly string[] =>
    elements
      .filter(({ element }) => element.class === wanted)
      .map(({ configured }) => String(configured.values['DEVNAME']))
  const sources = new Map([
    ...named('FromHost').map((device) => [device, 'host'] as const),
    ...named('FromDevice').map((device) => [device, 'wire'] as const),
  ])
  const sinks = new Set(named('ToDevice'))
  const unseen = [...named('ToNeighbour'), ...named('ToIngress')]
  const all = new Set([...sources.keys(), ...sinks, ...unseen, ...programs.map(({ device }) => device)])
  return { sources, sinks, all: [...all] }
}
