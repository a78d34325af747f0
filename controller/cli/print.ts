/** Prints rows in the format asked for: tables for people, canonical JSON and YAML for programs, names for shells. */
import type { Context } from './context.ts'
import { type Column, formatTable } from './table.ts'

export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name'

export interface Printing<T> {
  readonly format: Format
  readonly columns: readonly Column<T>[]
  readonly name: (row: T) => string
  readonly json: (row: T) => unknown
  /** One thing was asked for by its name: JSON and YAML give the object, not a list of it. */
  readonly single?: boolean
  /** On stderr, where there is nothing to show in a table. */
  readonly none: string
}

export const shownColumns = <T>(columns: readonly Column<T>[], format: Format): readonly Column<T>[] =>
  columns.filter(({ wide }) => !wide || format === 'wide')

export const printRows = async <T>(context: Context, rows: readonly T[], printing: Printing<T>): Promise<void> => {
  const { format, columns, name, json, single, none } = printing
  const { stdout, stderr, colour } = context
  const value = () => (single && rows[0] !== undefined ? json(rows[0]) : rows.map(json))
  switch (format) {
    case 'json':
    case 'yaml':
      return printValue(context, value(), format)
    case 'name':
      for (const row of rows) stdout.write(`${name(row)}\n`)
      return
    default:
      if (rows.length === 0) stderr.write(`${none}\n`)
      else stdout.write(formatTable(shownColumns(columns, format), rows, colour.stdout))
  }
}

export const printValue = async ({ stdout }: Context, value: unknown, format: 'json' | 'yaml'): Promise<void> => {
  if (format === 'json') {
    stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    return
  }
  const { stringify } = await import('yaml')
  stdout.write(stringify(value))
}
