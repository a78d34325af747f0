import type { Note } from './instruction.ts'

/** A program that cannot be written down: a defect of who wrote it, never of the input. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError'
  readonly note: Note | undefined

  constructor(message: string, note?: Note) {
    super(note ? `${message} (${note.subject}, ${note.where})` : message)
    this.note = note
  }
}
