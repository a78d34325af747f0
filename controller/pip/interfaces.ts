/** The interfaces of a request by name, NODE.INDEX. */
import type { Interface, VNetRequest } from '../../proto/generated/weft.v1.ts'

export const keyOf = (node: string, index: number): string => `${node}.${index}`

export const interfacesOf = (request: VNetRequest | undefined): ReadonlyMap<string, Interface> =>
  new Map(
    (request?.nodes ?? []).flatMap(({ id, interfaces }) =>
      interfaces.map((one) => [keyOf(id, one.index), one] as const),
    ),
  )
