/** The interfaces that a configuration names. */
import type { Graph } from '../../../click/graph.ts'
import { shiftWord, splitArguments, unquote } from '../../../click/language/strings.ts'

export interface Devices {
  /** Of FromDevice. */
  readonly sources: ReadonlySet<string>
  /** Of ToDevice. */
  readonly sinks: ReadonlySet<string>
}

/** Wrong arguments are left for the compiler to find. */
export const devicesOf = ({ elements }: Graph): Devices => {
  const named = (wanted: string): ReadonlySet<string> =>
    new Set(
      elements
        .filter(({ class: of }) => of === wanted)
        .flatMap(({ configuration }) => {
          const given = splitArguments(configuration)
          const keyword = given.map(shiftWord).find(([word]) => word === 'DEVNAME')?.[1]
          const name = unquote(keyword ?? given[0] ?? '')
          return name === '' ? [] : [name]
        }),
    )
  return { sources: named('FromDevice'), sinks: named('ToDevice') }
}
