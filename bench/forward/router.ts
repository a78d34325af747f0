/** The router of router.click for any number of interfaces and routes: as text, which Click reads too, and as a checked graph. */
import { readFileSync } from 'node:fs'
import { formatDiagnostic } from '../../click/diagnostics.ts'
import type { Graph } from '../../click/graph.ts'
import { readRouter } from '../../click/read.ts'
import type { Route } from './routes.ts'

/** Where a program is: traffic control, by TCX, or XDP. */
export type Hook = 'tc' | 'xdp'

export interface Output {
  readonly device: string
  /** Ethernet addresses of what it sends. */
  readonly from: string
  readonly to: string
}

export interface RouterPlan {
  /** Devices that packets come in by. */
  readonly inputs: readonly string[]
  readonly outputs: readonly Output[]
  readonly routes: readonly Route[]
}

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')

const words = (routes: readonly Route[]): string =>
  routes.map(({ address, length, output }) => `${formatAddress(address)}/${length} ${output}`).join(', ')

export const routerText = ({ inputs, outputs, routes }: RouterPlan): string =>
  [
    readFileSync(`${import.meta.dirname}/router.click`, 'latin1'),
    `routes :: RadixIPLookup(${words(routes)});`,
    ...inputs.map((device, i) => `in${i} :: Input(${device}) -> routes;`),
    ...outputs.map(({ device, from, to }, i) => `routes[${i}] -> out${i} :: Output(${device}, ${from}, ${to});`),
    '',
  ].join('\n')

const attach: Readonly<Record<Hook, string>> = { tc: 'ATTACH tcx', xdp: 'ATTACH xdp' }

/** Throws Error with what is wrong. */
export const readPlan = (plan: RouterPlan, hook: Hook): Graph => {
  const text = routerText(plan).replace('FromDevice($device)', `FromDevice($device, ${attach[hook]})`)
  const { checked, diagnostics } = readRouter(text, 'router.click')
  if (!checked) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return checked.graph
}
