/** Tables without borders: two spaces between columns, which a person reads and awk splits. */
import { paint, printable, type Tone } from './terminal.ts'

export type Cell = string | { readonly text: string; readonly tone: Tone }

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => Cell
  /** Only with -o wide. */
  readonly wide?: true
}

export interface Layout {
  readonly widths: readonly number[]
  readonly colour: boolean
}

const textOf = (cell: Cell): string => printable(typeof cell === 'string' ? cell : cell.text) || '-'

const lineOf = (cells: readonly Cell[], { widths, colour }: Layout): string =>
  `${cells
    .map((cell, i) => {
      const text = textOf(cell)
      const gap = i === cells.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[i] ?? 0) - text.length) + 2)
      return paint(text, typeof cell === 'string' ? undefined : cell.tone, colour) + gap
    })
    .join('')}\n`

export const layOut = <T>(columns: readonly Column<T>[], rows: readonly T[], colour: boolean): Layout => ({
  colour,
  widths: columns.map(({ title, cell }) => Math.max(title.length, ...rows.map((row) => textOf(cell(row)).length))),
})

export const headLine = <T>(columns: readonly Column<T>[], layout: Layout): string =>
  lineOf(
    columns.map(({ title }) => ({ text: title, tone: 'bold' })),
    layout,
  )

export const rowLine = <T>(columns: readonly Column<T>[], row: T, layout: Layout): string =>
  lineOf(
    columns.map(({ cell }) => cell(row)),
    layout,
  )

export const formatTable = <T>(columns: readonly Column<T>[], rows: readonly T[], colour: boolean): string => {
  const layout = layOut(columns, rows, colour)
  return headLine(columns, layout) + rows.map((row) => rowLine(columns, row, layout)).join('')
}

/** `KEY  value` lines; what is empty is left out. */
export const formatFields = (fields: readonly (readonly [name: string, value: Cell])[], colour: boolean): string => {
  const present = fields.filter(([, value]) => (typeof value === 'string' ? value : value.text) !== '')
  const width = Math.max(0, ...present.map(([name]) => name.length)) + 1
  return present.map(([name, value]) => lineOf([`${name}:`, value], { widths: [width], colour })).join('')
}
