/** What the builders of nodes and links share. */
import { type Position, quote, type Report } from './request-errors.ts'
import { whatIsRight } from './schema.ts'
import type { SourceReader } from './sources.ts'
import { type Entry, textOf } from './tree.ts'
import type { Parsed } from './units.ts'

export interface BuildContext {
  readonly report: Report
  readonly readSource: SourceReader
  /** Notes where a part of the model stands, by its path, for instance `nodes[3].interfaces[0].mac`. */
  readonly note: (path: string, at: Position) => void
  /** Characters of start-up texts and of Click that the request still has room for: defaults multiply a text by the number of nodes. */
  readonly room: { left: number }
}

/** A quantity; 0 where the entry is missing or wrong. Wrong is reported, with what the schema says of the key in `owners`. */
export const amount = (
  entry: Entry | undefined,
  path: string,
  object: string,
  { report, note }: BuildContext,
  parse: (text: string) => Parsed,
  owners: readonly string[] = ['node', 'link', 'location', 'cpu'],
): number => {
  const text = textOf(entry?.value)
  if (!entry || text === undefined) return 0
  const { key, value } = entry
  note(path, value.at)
  const parsed = parse(text)
  if ('value' in parsed) return parsed.value
  const hint = owners.map((owner) => whatIsRight(owner, key)).find((h) => h !== undefined)
  report.add({ message: `${key}: ${quote(text)} ${parsed.problem}`, object, hint, at: value.at })
  return 0
}
