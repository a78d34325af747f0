/**
 * The program of one place where packets enter. The code of an element is written once for each input port, each thing that is known of the
 * packets that arrive there, and for each of the functions that it is in (`segments.ts`); it follows the code that goes on to it wherever it can.
 */
import type { Port } from '../../../click/graph.ts'
import { annotate, exit, globalFunction, type Item, jeq, label, mov, type Program } from '../../ebpf/asm/asm.ts'
import { type Code, dropEmptyJumps, dropUnreachable, endsAt, flattenCode } from './code.ts'
import type { CompileOptions, PlacedElement } from './compile.ts'
import { restoreBytes, saveBytes } from './copies.ts'
import type { AnyElementCode, Detour, Site } from './element.ts'
import { dropFrontCode, type Moved } from './geometry.ts'
import { refuseMaps } from './map-limit.ts'
import { callOutlined, enterOutlined, leaveOutlined } from './outlined.ts'
import { goTo, type Packet, packetKey, received, skb, unreached } from './packet.ts'
import type { Context, Exit, Outlined, ProgramResult, ProgramRoot, Task } from './program-parts.ts'
import { type Asked, prologue } from './prologue.ts'
import { notSupported } from './refusal.ts'
import {
  beginSegments,
  continueAt,
  continueAtFrame,
  countPass,
  enterSegments,
  findFreeFrame,
  finishSegments,
  leaveFirst,
  leaveSegment,
  loadControl,
  mostPasses,
  popFrame,
  pushFrame,
  renamePlace,
  segmentEnds,
  segmentStart,
  takeKept,
} from './segments.ts'
import { clearKept, kept, packetTypeSlot } from './stack.ts'
import { countIn } from './state.ts'
import { straighten } from './straighten.ts'
import { sumFunctions } from './sum.ts'
import { insertTags } from './tags.ts'
import { dropUnread, readsContext, readWords } from './unread.ts'
import { verdict } from './verdict.ts'
import type { Wiring } from './wiring.ts'

/** Far more than any configuration that was written by hand; what is known of packets can differ without end. */
const mostTasks = 16_384
const dropLabel = 'drop'

export const compileProgram = (
  root: ProgramRoot,
  elements: readonly PlacedElement[],
  wiring: Wiring,
  options: CompileOptions,
): ProgramResult => {
  const { level, lostSlot } = root
  const { goesBack, sources } = wiring.reachedFrom(root.node)
  const tasks = new Map<string, Task>()
  const byLabel = new Map<string, Task>()
  const waiting: Task[][] = []
  const routines = new Map<string, Program>()
  const outlined = new Map<string, Outlined>()
  /** Labels where segments begin; the place of one is its index and 1. */
  const places: string[] = []
  const placeOf = new Map<string, number>()
  let context: Context = { function: 'first', copy: false, pass: 0 }
  let labels = 0
  let usesSaves = false
  const readsMac = elements.some(({ code }) => code.readsMac)
  const newLabel = (hint: string): string => `${hint}_${labels++}`

  const placed = (node: number): PlacedElement => {
    const found = elements[node]
    if (!found) throw new RangeError(`no element ${node}`)
    return found
  }

  const takesTag = (node: number | undefined): boolean => {
    const self = node === undefined ? undefined : elements[node]
    return self !== undefined && is(self.code.takesTag ?? false, self)
  }

  const followsTag = root.hook === 'tc' && takesTag(root.node) && takesTag(wiring.after(root.node, 0)?.node)
  const start = { ...received(root.hook), tagBeside: followsTag }

  const noteOf = (node: number) => {
    const { element } = placed(node)
    return { subject: `${element.name} :: ${element.class}`, where: element.landmark }
  }

  /** The label of code that is written later, once for each key, function and kind of packet. */
  const request = (where: Context, key: string, node: number, hint: string, write: () => Code): string => {
    const full = `${where.function} ${where.copy ? 'copy' : 'packet'} ${key}`
    const known = tasks.get(full)
    if (known) return known.label
    if (tasks.size >= mostTasks) throw notSupported(placed(node).element, 'a program of so many branches')
    const name = newLabel(hint)
    const task = { label: name, context: where, write: () => annotate(noteOf(node), flattenCode(write())) }
    tasks.set(full, task)
    byLabel.set(name, task)
    const ofPass = waiting[where.pass] ?? []
    waiting[where.pass] = ofPass
    ofPass.push(task)
    return name
  }

  const place = (at: string): number => {
    const known = placeOf.get(at)
    if (known !== undefined) return known
    places.push(at)
    placeOf.set(at, places.length)
    return places.length
  }

  const inSegment = (copy: boolean): Context => ({ function: 'segment', copy, pass: context.pass })

  /** The label of where a packet ends. */
  const end = (): string => {
    if (context.exits) return leave(context.exits, undefined, start)
    if (context.function === 'first') return dropLabel
    return context.copy ? segmentEnds.copy : segmentEnds.packet
  }

  /** The label of where one is given up. */
  const lost = (node: number): string => {
    const to = end()
    return request(context, 'lost', node, 'lost', () => [countIn(lostSlot), goTo(to)])
  }

  const arrive = (where: Context, to: Port, packet: Packet): string => {
    if (packet.tagBeside && !takesTag(to.node)) return arriveWhole(where, to, packet)
    // What several connections lead to is written once, for packets of which nothing is reachable yet.
    const joined = sources(to) > 1 ? unreached(packet) : packet
    const known = { ...joined, grown: 0, mac: readsMac ? joined.mac : undefined }
    return request(where, `${to.node}:${to.port} ${packetKey(known)}`, to.node, placed(to.node).element.name, () =>
      writeElement(to, known),
    )
  }

  /** Where the element looks beyond the addresses of a frame. */
  const arriveWhole = (where: Context, to: Port, packet: Packet): string =>
    request(where, `whole ${to.node}:${to.port} ${packetKey(packet)}`, to.node, 'whole', () => {
      const inserted = insertTags(packet, end(), newLabel)
      return [inserted.code, goTo(arrive(where, to, inserted.packet))]
    })

  /** The label of what ends an outlined function. */
  const leave = (exits: Exit[], port: number | undefined, packet: Packet): string => {
    const after = { ...unreached(packet), grown: 0 }
    const key = packetKey(after)
    const known = exits.find((each) => each.port === port && (port === undefined || packetKey(each.packet) === key))
    if (known) return known.label
    const made = { label: newLabel('leave'), port, packet: after }
    exits.push(made)
    return made.label
  }

  /** The label of what follows an output port. */
  const follow = (node: number, port: number, packet: Packet): string => {
    if (context.exits) return leave(context.exits, port, packet)
    const to = wiring.after(node, port)
    if (!to) return end()
    return goesBack(node, port) ? comeRound(node, to, unreached(packet)) : arrive(context, to, packet)
  }

  /** The label of what takes a packet to where it, or one like it, may have been before: by the next segment. */
  const comeRound = (node: number, to: Port, packet: Packet): string => {
    const most = lost(node)
    if (context.pass === mostPasses) return most
    const { copy, pass, function: from } = context
    const target = arrive({ function: 'segment', copy, pass: pass + 1 }, to, packet)
    return request(context, `round ${target}`, node, 'round', () => [
      from === 'first' ? beginSegments(start, level, dropLabel) : loadControl,
      countPass(most),
      continueAt(place(target)),
      from === 'first' ? leaveFirst : leaveSegment,
    ])
  }

  const writeElement = ({ node, port: input }: Port, packet: Packet): Code => {
    const self = placed(node)
    const { element, configured, outputs } = self
    let keeps = false
    const site: Site = {
      element,
      ...configured,
      input,
      packet,
      outputs,
      room: self.room,
      isCopy: context.copy,
      output: (port, after) => goTo(follow(node, port, after)),
      outputLabel: (port, after) => follow(node, port, after),
      copy: (ports, after) => copy(node, ports, after),
      modifiedAfter: (port) => wiring.mayMeet(node, port, modifies),
      resizedAfter: (port) => wiring.mayMeet(node, port, (each) => placed(each).code.resizes === true),
      detour: (detour) => makeDetour(node, detour, () => keeps),
      kept: () => {
        keeps = true
        return kept.at
      },
      routine: (name, write, { parameters, shared = false } = {}) => {
        const at = shared ? `${element.class}:${name}` : `${element.name}:${name}`
        if (!routines.has(at)) {
          const begin = parameters ? globalFunction(at, parameters) : label(at)
          routines.set(at, [])
          routines.set(at, annotate(noteOf(node), flattenCode([begin, write()])))
        }
        return at
      },
      outline: (name, known, write) => outline(node, name, known, write),
      drop: () => goTo(end()),
      dropLabel: () => end(),
      newLabel: (hint) => newLabel(`${element.name}.${hint}`),
      slot: (name) => {
        const at = self.slots.get(name)
        if (at === undefined) throw new RangeError(`${element.class} has no slot ${name}`)
        return at
      },
      map: (name) => {
        const key = self.maps.get(name)
        if (key === undefined) throw new RangeError(`${element.class} has no map ${name}`)
        return key
      },
      device: options.device,
      at: root,
      finish: () => (context.function === 'first' ? [exit()] : finishSegments),
      refuse: (reason) => {
        throw notSupported(element, reason)
      },
    }
    const code = self.code.compile(site)
    return [keeps ? clearKept : [], code]
  }

  const modifies = (node: number): boolean => {
    const self = placed(node)
    return is(self.code.modifies, self)
  }

  /** Writes down what is to come once the copies of a packet have ended. Loses all registers but r6 and r7. */
  const push = (at: string, whole: boolean, keeps: boolean, full: string): Code => [
    context.function === 'first' ? beginSegments(start, level, dropLabel) : loadControl,
    findFreeFrame(full),
    whole ? saveBytes(level, end()) : [],
    pushFrame(place(at), keeps),
  ]

  /** Goes on as a copy, in a segment. */
  const goOnAt = (target: string): Code =>
    context.function === 'first' ? [continueAt(place(target)), leaveFirst] : goTo(target)

  const copy = (node: number, ports: readonly number[], packet: Packet): Code => {
    const [first, ...rest] = ports
    const last = rest.at(-1)
    if (first === undefined) return goTo(end())
    if (last === undefined) return goTo(follow(node, first, packet))
    if (packet.hook === 'xdp') throw notSupported(placed(node).element, 'a copy of a packet, in XDP,')
    const whole = packet.offset !== 0 || ports.slice(0, -1).some((port) => wiring.mayMeet(node, port, modifies))
    usesSaves ||= whole
    const after = unreached(packet)
    const { copy: outer } = context
    const resume = (left: readonly number[]): string =>
      request(inSegment(outer), `copies ${node}[${left.join(',')}] ${packetKey(after)}`, node, 'copied', () => {
        const [next = 0, ...following] = left
        const failed = newLabel('failed')
        return [
          whole ? restoreBytes(level, failed, newLabel) : [],
          following.length === 0
            ? [popFrame, goTo(follow(node, next, after))]
            : [
                renamePlace(place(resume(following))),
                goTo(inContext(inSegment(true), () => follow(node, next, after))),
              ],
          whole ? [label(failed), loadControl, popFrame, goTo(end())] : [],
        ]
      })
    const full = newLabel('full')
    const target = inContext(inSegment(true), () => follow(node, first, after))
    return [
      push(resume(rest), whole, false, full),
      goOnAt(target),
      label(full),
      countIn(lostSlot),
      goTo(follow(node, last, after)),
    ]
  }

  const makeDetour = (node: number, detour: Detour, keeps: () => boolean): Code => {
    const { name, port, packet, restores } = detour
    if (packet.hook === 'xdp') throw notSupported(placed(node).element, 'a packet of its own, in XDP,')
    usesSaves ||= restores
    const after = unreached(packet)
    const resume = request(
      inSegment(context.copy),
      `detour ${node} ${name} ${packetKey(after)}`,
      node,
      `${name}_done`,
      () => {
        const failed = newLabel('failed')
        return [
          restores ? restoreBytes(level, failed, newLabel) : [],
          popFrame,
          keeps() ? takeKept : [],
          detour.after(after),
          restores ? [label(failed), loadControl, popFrame, goTo(end())] : [],
        ]
      },
    )
    const none = newLabel('none')
    const make = detour.make(none)
    // A segment that begins there has everything to reach again.
    const sent = context.function === 'first' ? unreached(make.packet) : make.packet
    const target = inContext(inSegment(true), () => follow(node, port, sent))
    return [
      push(resume, restores, keeps(), lost(node)),
      make.code,
      context.function === 'first' ? [loadControl, goOnAt(target)] : goTo(target),
      label(none),
      context.function === 'first' ? [loadControl, continueAtFrame, leaveFirst] : goTo(segmentEnds.copy),
    ]
  }

  const outline = (node: number, name: string, packet: Packet, write: (packet: Packet) => Code): Code => {
    const known = { ...unreached(packet), grown: 0 }
    if (context.exits) return write(known)
    const key = `${node} ${name} ${packetKey(known)}`
    const made = outlined.get(key) ?? writeOutlined(node, name, known, write)
    outlined.set(key, made)
    return [
      callOutlined(made.label, packet),
      made.exits.map(({ port, packet: after }, i) =>
        jeq('r0', i + 1, port === undefined ? end() : follow(node, port, after)),
      ),
      goTo(end()),
    ]
  }

  const writeOutlined = (node: number, name: string, packet: Packet, write: (packet: Packet) => Code): Outlined => {
    const exits: Exit[] = []
    const at = newLabel(`${placed(node).element.name}.${name}`)
    const code = inContext({ function: 'outlined', copy: false, pass: 0, exits }, () =>
      flattenCode([enterOutlined(at, packet), write(packet)]),
    )
    const ends = exits.map((each, i): Code => [label(each.label), leaveOutlined(i + 1)])
    return { label: at, exits, program: annotate(noteOf(node), [...code, ...flattenCode(ends)]) }
  }

  const inContext = <T>(other: Context, work: () => T): T => {
    const before = context
    context = other
    try {
      return work()
    } finally {
      context = before
    }
  }

  const items: Record<Context['function'], Item[]> = { first: [], segment: [], outlined: [] }
  const written = new Set<string>()
  const write = (task: Task): void => {
    const into = items[task.context.function]
    for (let next: Task | undefined = task; next; ) {
      const current: Task = next
      written.add(current.label)
      into.push(label(current.label))
      into.push(...inContext(current.context, current.write))
      const target = endsAt(into)
      next = target === undefined || written.has(target) ? undefined : byLabel.get(target)
    }
  }
  const noted = (code: Code): Program => annotate(noteOf(root.node), flattenCode(code))
  const enter = (asked: Asked): Moved => prologue(start, dropLabel, newLabel, asked)
  const nothing = { receivesForHost: root.receivesForHost, moved: false, grown: false, packetType: false }
  arrive(context, { node: root.node, port: 0 }, enter(nothing).packet)
  // In the order of passes: where code is met first, its packets have come round as rarely as they can have.
  for (let pass = 0; pass < waiting.length; pass++) {
    for (let task = waiting[pass]?.pop(); task; task = waiting[pass]?.pop()) if (!written.has(task.label)) write(task)
  }
  items.first.push(label(dropLabel), mov('r0', verdict[root.hook].drop), exit())
  const usesSegments = places.length > 0
  const functions = new Set([dropFrontCode, ...sumFunctions, ...elements.flatMap(({ code }) => code.functions ?? [])])
  const others = [
    ...(usesSegments ? noted(segmentStart(start, level, places)) : []),
    ...items.segment,
    ...flattenCode([...functions]),
    ...[...outlined.values()].flatMap(({ program }) => program),
    ...[...routines.values()].flat(),
  ]
  const isRead = readWords(items.first)
  const entry = usesSegments ? noted(enterSegments(start, level, countIn(lostSlot))) : []
  const moved = readsContext(dropUnreachable([...entry, ...items.first, ...others]), skb.moved)
  const entered = enter({ ...nothing, moved, grown: usesSaves, packetType: isRead(packetTypeSlot) })
  const all = dropUnreachable([...entry, ...dropUnread([...noted(entered.code), ...items.first], isRead), ...others])
  refuseMaps(all, elements)
  return { program: dropEmptyJumps(straighten(all)), usesSegments, usesSaves }
}

const is = (what: AnyElementCode['modifies'], { configured }: PlacedElement): boolean =>
  typeof what === 'function' ? what(configured) : what
