/**
 * Pure: the configuration at a physical interface that is given to one link: all that comes in by it is the link's. Its text keeps what the interface was
 * like before, since the router's record is what outlives the agent.
 */
import { formatNote, type NicNote, parseNote } from '../../bridge/note.ts'
import { type Attach, join, type Named, numbered, type Sink } from './part.ts'

export interface GivenNic {
  readonly vnet: string
  readonly link: string
  readonly nic: Named
  readonly note: NicNote
  readonly to: Sink
  readonly attach: Attach
}

const noteMark = '// before:'

export const givenText = ({ vnet, link, nic, note, to, attach }: GivenNic): string =>
  [
    `// ${nic.name} is given to the link ${link} of ${vnet}: all that comes in by it comes in here.`,
    `${noteMark} ${formatNote(note)}`,
    ...join(`FromDevice(${nic.name}, ATTACH ${attach}) ${numbered(nic)}\n    -> received :: Counter`, [], to),
    '',
  ].join('\n')

/** What the interface was like that a text is of; undefined of a text of another kind. */
export const noteIn = (text: string): NicNote | undefined => {
  const [, note] = /^\/\/ before: (.+)$/m.exec(text) ?? []
  return note === undefined ? undefined : parseNote(note)
}
