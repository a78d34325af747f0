/** Routes as handlers read and write them; Click's words and columns (elements/ip/iproutetable.cc). */
import { formatIpAddress, maskOfLength } from '../../../click/arguments/addresses.ts'
import { type Route, readRoute } from '../../../click/arguments/routes.ts'
import { HandlerError } from '../handlers.ts'
import type { TablePrefix, TableRoute } from './table.ts'

/** undefined where the mask is no prefix's: ones after zeros. */
export const lengthOfMask = (mask: number): number | undefined => {
  const length = Math.clz32(~mask)
  return maskOfLength(length) === mask ? length : undefined
}

const prefixText = ({ address, length }: TablePrefix): string => `${formatIpAddress(address)}/${length}`
const gatewayText = ({ gateway }: Pick<TableRoute, 'gateway'>): string =>
  gateway === 0 ? '-' : formatIpAddress(gateway)

/** As messages have it: `10.0.0.0/8 10.0.0.1 2`. */
export const formatRoute = (route: TableRoute): string => `${prefixText(route)} ${gatewayText(route)} ${route.output}`

/** Columns of eight letters, as terminals show a tab. */
const column = (text: string, width: number): string => `${text}\t${text.length + 1 < width ? '\t' : ''}`

/** As a line of the table. */
export const formatLine = (route: TableRoute): string =>
  `${column(prefixText(route), 17)}${column(gatewayText(route), 9)}${route.output}\n`

export const toTableRoute = ({ address, mask, gateway, output }: Route): TableRoute | undefined => {
  const length = lengthOfMask(mask)
  return length === undefined ? undefined : { address, length, gateway, output }
}

/** Throws HandlerError. `outputs`: how many there are. */
export const readTableRoute = (text: string, outputs: number): TableRoute => {
  const route = readRoute(text)
  if (!route) throw new HandlerError("expected 'ADDR/MASK [GATEWAY] OUTPUT'")
  if (route.output < 0 || route.output >= outputs) throw new HandlerError('bad OUTPUT')
  return prefixOnly(toTableRoute(route))
}

/** A route to remove; -1 is any output, through any gateway. Throws HandlerError. */
export const readRemoval = (text: string, outputs: number): TableRoute => {
  const route = readRoute(text, true)
  if (!route) throw new HandlerError("expected 'ADDR/MASK [GATEWAY OUTPUT]'")
  if (route.output < -1 || route.output >= outputs) throw new HandlerError('bad OUTPUT')
  return prefixOnly(toTableRoute(route))
}

const prefixOnly = (route: TableRoute | undefined): TableRoute => {
  if (!route) throw new HandlerError('a mask that is no prefix not supported')
  return route
}
