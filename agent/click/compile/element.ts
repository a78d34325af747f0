/** What an element is to the compiler: its class in the catalogue, and one value in one file of `../elements`. */
import type { Arguments, ValuesOf } from '../../../click/arguments/spec.ts'
import type { Configured, ElementClass } from '../../../click/element.ts'
import type { GraphElement } from '../../../click/graph.ts'
import type { Parameter } from '../../ebpf/asm/asm.ts'
import type { Direction } from '../../ebpf/link.ts'
import type { MapKind } from '../../ebpf/map-spec.ts'
import type { ElementState, HandlerTable } from '../handlers.ts'
import type { Code } from './code.ts'
import type { NewLabel, Packet } from './packet.ts'

/** One place where the code of an element is written: an input port, with what is known of the packets that arrive there. */
export interface Site<A extends Arguments = Arguments, L = unknown> {
  readonly element: GraphElement
  readonly values: ValuesOf<A>
  readonly list: readonly L[]
  /** The port by which they arrive. */
  readonly input: number
  readonly packet: Packet
  /** How many output ports are connected, up to the highest one. */
  readonly outputs: number
  /** Goes on at an output port. At one that is not connected the packet ends, as by Click's checked_output_push. */
  readonly output: (port: number, packet: Packet) => Code
  /** The same from anywhere: a label to jump to. */
  readonly outputLabel: (port: number, packet: Packet) => string
  /** A copy to each port but the last, in order, each followed to its end before the next; the packet itself to the last. */
  readonly copy: (ports: readonly number[], packet: Packet) => Code
  /** Whether an element that packets come to behind a port may write into them, or put bytes before them. */
  readonly modifiedAfter: (port: number) => boolean
  /** Whether a packet that leaves by the port may come to where the length of its frame is set. */
  readonly resizedAfter: (port: number) => boolean
  /** Sends a packet of the element's own before it goes on with the one that is here. */
  readonly detour: (detour: Detour) => Code
  /** Eight words of the stack, from this offset of r10, which stay over a detour that restores nothing. */
  readonly kept: () => number
  /**
   * The label of a function that is written once in a program: for all places of the element, whose maps it knows, or `shared` by all elements. One
   * with `parameters` is global: the verifier goes through it once, and its pointers may be null there.
   */
  readonly routine: (name: string, write: () => Code, kind?: RoutineKind) => string
  /**
   * Code off the way that most packets take, as a function of its own, which the verifier goes through once and not again on each way to it. In it
   * annotations, r6 and r7 are as ever and nothing is reachable; r8, r9 and the scratch are not those of before.
   */
  readonly outline: (name: string, packet: Packet, write: (packet: Packet) => Code) => Code
  readonly drop: (packet: Packet) => Code
  readonly dropLabel: (packet: Packet) => string
  readonly newLabel: NewLabel
  /** Bytes from the start of the router's state to a slot of the element: eight bytes, shared by all processors. */
  readonly slot: (name: string) => number
  /** Of the element, as its maps were made for. */
  readonly room: Room
  /** What instructions call a map of the element's own. */
  readonly map: (name: string) => string
  /** Whether this is one of a Tee's branches but the last: the packet is used again afterwards. */
  readonly isCopy: boolean
  /** Index of an interface by name. */
  readonly device: (name: string) => number
  /** Where the program runs. */
  readonly at: ProgramPlace
  /** Ends the program with what r0 says: a verdict. */
  readonly finish: () => Code
  /** Ends the compilation: what the element would need here is not supported. */
  readonly refuse: (what: string) => never
}

export interface RoutineKind {
  readonly parameters?: readonly Parameter[]
  readonly shared?: boolean
}

export interface Detour {
  /** Tells it from others of the element: what follows is written once for each name, packet and growth. */
  readonly name: string
  readonly port: number
  /** As it is before. */
  readonly packet: Packet
  /** Makes the packet that goes by `port` of what is there, with nothing but r6 and r7; or jumps to `none`, and there is none. */
  readonly make: (none: string) => { readonly code: Code; readonly packet: Packet }
  /** Whether frame and annotations are then what they were before; else anything may be in them. */
  readonly restores: boolean
  /** Once the packet has come to its end: `packet` is the one before, further behind in the frame by what it has grown at its front. */
  readonly after: (packet: Packet) => Code
}

/** Where packets enter: at which side of which interface. */
export interface ProgramPlace {
  readonly device: string
  readonly direction: Direction
}

/** Numbers of slots, by name, before the first packet. */
export type Slots = Readonly<Record<string, bigint>>

/** Number of a map's entries; `perProcessor`: for each processor that the machine may ever have. */
export type EntryCount = { readonly count: number } | { readonly perProcessor: number }

/** How many there is room for in the maps of an element, by what they are. */
export type Room = Readonly<Record<string, number>>

/** A map of an element's own. */
export interface ElementMap {
  readonly kind: MapKind
  readonly keyBytes: number
  readonly valueBytes: number
  readonly entries: EntryCount
  /** An array whose values handlers reach without a call. */
  readonly mappable?: boolean
  /** A hash whose memory is taken entry by entry, when handlers add them. */
  readonly sparse?: boolean
}

interface ElementWork<A extends Arguments, L> {
  /** State in the router's map. */
  readonly slots?: (configured: Configured<A, L>) => Slots
  /** Slots that it has in common with all elements that have one of the same name here. */
  readonly shared?: Slots
  /** Maps of the element's own, by name: what slots are too small for. A program uses 64 maps at most. */
  readonly maps?: (configured: Configured<A, L>, room: Room) => Readonly<Record<string, ElementMap>>
  /** The room that it needs, where that depends on its arguments; a compilation may give more (see `Full`). */
  readonly room?: (configured: Configured<A, L>) => Room
  /** Fills them before the first packet. */
  readonly start?: (state: ElementState, configured: Configured<A, L>, room: Room) => void
  /** In place of `start`: fills them with what those of another compilation hold, which had another room. Throws Full. */
  readonly carry?: (from: ElementState, to: ElementState, room: Room) => void
  /**
   * Slots and maps that hold what the configuration string says (a Switch's output, routes): over a hot swap they are kept only where that
   * string is still the same. All others (counts, what was learnt) are kept in any case.
   */
  readonly settings?: readonly string[]
  /**
   * Slots that are no counts (times, states): over a hot swap they are copied. Of all others, what the old program adds until its last packet is
   * added to what the new one has by then.
   */
  readonly copied?: readonly string[]
  /** What of a right configuration is not supported; undefined: nothing. */
  readonly unsupported?: (configured: Configured<A, L>) => string | undefined
  readonly compile: (site: Site<A, L>) => Code
  /** Functions that its code calls: each is in a program once. */
  readonly functions?: readonly Code[]
  /** Writes into packets or moves their ends: a copy that comes here must not share its bytes with what follows. */
  readonly modifies: boolean | ((configured: Configured<A, L>) => boolean)
  /** Sets the length of frames, or makes copies, after which it is set again: the kernel refuses both once it has been told of a tunnel. */
  readonly resizes?: boolean
  /** Takes packets whose outermost VLAN tag is beside the frame (`Packet.tagBeside`); for others it is put into the frame before. */
  readonly takesTag?: boolean | ((configured: Configured<A, L>) => boolean)
  /** Looks at the MAC header annotation: where no element does, it is not told apart. */
  readonly readsMac?: boolean
  /** Handlers beside those that every element has. */
  readonly handlers?: HandlerTable<Configured<A, L>>
  /** Handlers that there are only where the configuration string says so. */
  readonly handlersFor?: (configured: Configured<A, L>) => HandlerTable<Configured<A, L>>
}

export interface ElementCode<A extends Arguments, L> extends ElementWork<A, L> {
  readonly of: ElementClass<A, L>
}

/** Elements of all classes in one table. What the values and the work of one say of its arguments agrees, as `compileElement` has seen. */
export type AnyElementCode = ElementCode<Arguments, unknown>

export const compileElement = <A extends Arguments, L>(
  of: ElementClass<A, L>,
  work: ElementWork<A, L>,
): AnyElementCode => ({ of, ...work }) as unknown as AnyElementCode
