/** The verifier's log, read: what it complains of, at which instruction, and whose that is. */
import { formatInstruction, type Instruction, type Note } from './asm/asm.ts'
import { BpfError } from './error.ts'

export interface Complaint {
  /** The last useful lines of the log: what the verifier says after the instruction that it stopped at. */
  readonly message: string
  /** Lines of the log that `message` leaves out. */
  readonly omittedLineCount: number
  /** The instruction that it is about, by the number of its slot; undefined where the log names none. */
  readonly slot: number | undefined
}

/** `12: (07) r1 += 5 ; R1_w=…`: an instruction as it is looked at. */
const visited = /^(\d+): \([0-9a-f]{2}\) /
/** State of registers and stack, where paths begin, whose line of source it was, and the account at the end. */
const state =
  /^(?:\d+: R\d|\d+: frame\d|from \d+ to \d+|;|R\d+=|mark_precise|propagating|last_idx|regs=|parent |func#|verification time|stack depth|processed \d|peak_states|live regs|\s)/i
/** Complaints about the shape of the program, made before an instruction is looked at. */
const named = /\binsn (\d+)/
/** A complaint is a line or two; more would be the log again. */
const mostLines = 2

/** Stands where a part of a log is missing: what comes before it has nothing to do with what comes after. */
export const gapInLog = '[…]'

/** Throws nothing: of a log that is not understood the last line is the message. */
export const readComplaint = (log: string): Complaint => {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const useful: string[] = []
  let slot: number | undefined
  for (let index = lines.length - 1; index >= 0 && slot === undefined; index--) {
    const line = lines[index] ?? ''
    if (line === gapInLog) break
    const at = visited.exec(line)?.[1]
    if (at !== undefined) slot = Number(at)
    else if (!state.test(line)) useful.unshift(line)
  }
  const last = useful.slice(-mostLines)
  const name = slot === undefined ? last.map((line) => named.exec(line)?.[1]).find((number) => number) : undefined
  const message = last.length > 0 ? last.join('; ') : (lines.at(-1) ?? '')
  return {
    message,
    omittedLineCount: lines.length - Math.max(last.length, Math.min(lines.length, 1)),
    slot: slot ?? (name === undefined ? undefined : Number(name)),
  }
}

export interface VerifierErrorDetails {
  readonly errno: number
  /** The program's name. */
  readonly subject: string
  readonly log: string
  /** As assembled: an instruction where one begins. */
  readonly slots: readonly (Instruction | undefined)[]
  readonly cause: unknown
}

/** The verifier refused a program. Its message says why, at which instruction, and how much of the log it leaves out. */
export class VerifierError extends BpfError {
  override readonly name = 'VerifierError'
  readonly complaint: string
  /** All that the verifier said; its beginning or its middle is missing where it was longer than the kernel would write. */
  readonly log: string
  readonly slot: number | undefined
  readonly instruction: Instruction | undefined
  /** Whose instruction it is: the element and its landmark. */
  readonly note: Note | undefined

  constructor({ errno, subject, log, slots, cause }: VerifierErrorDetails) {
    const { message, omittedLineCount, slot } = readComplaint(log)
    const instruction = slot === undefined ? undefined : slots[slot]
    const note = instruction?.note ?? (slot === undefined ? undefined : noteBefore(slots, slot))
    const parts = [
      message,
      instruction && `at ${slot}: ${formatInstruction(instruction)}`,
      note && `of ${note.subject}, ${note.where}`,
      omittedLineCount > 0 && `${omittedLineCount} ${omittedLineCount === 1 ? 'line' : 'lines'} of the log left out`,
    ]
    super({
      errno,
      operation: 'program load',
      subject,
      explanation: parts.filter((part) => part).join('; '),
      cause,
    })
    this.complaint = message
    this.log = log
    this.slot = slot
    this.instruction = instruction
    this.note = note
  }
}

/** What stands before an instruction without a note led to it. */
const noteBefore = (slots: readonly (Instruction | undefined)[], slot: number): Note | undefined =>
  slots.slice(0, slot).findLast((instruction) => instruction?.note)?.note
