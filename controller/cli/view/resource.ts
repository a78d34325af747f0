/** What `get` can show: rows drawn from the states of VNets, with their columns, names and JSON. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import type { Column } from '../table.ts'

export interface Resource<T = unknown> {
  /** kind/name, unique among the rows: what -o name prints and -w tells rows apart by. */
  readonly name: (row: T) => string
  readonly rows: (state: VNetState) => readonly T[]
  readonly columns: readonly Column<T>[]
  /** Canonical JSON, beside it the names of what it belongs to. */
  readonly json: (row: T) => Record<string, unknown>
}
