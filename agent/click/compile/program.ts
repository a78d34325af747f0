/**
 * The program of one FromDevice. The code of an element is written once for each input port, each thing that is known of the packets that
 * arrive there, and each Tee's branch that it lies in; it follows the code that goes on to it wherever it can.
 */
import { annotate, exit, type Item, label, mov, type Program } from '../../ebpf/asm/asm.ts'
import { type Code, dropEmptyJumps, dropUnreachable, endsAt, flattenCode } from './code.ts'
import type { CompileOptions, PlacedElement } from './compile.ts'
import { restore, save } from './copies.ts'
import type { ProgramPlace, Site } from './element.ts'
import { dropFrontCode } from './geometry.ts'
import { goTo, type Packet, received } from './packet.ts'
import { prologue } from './prologue.ts'
import { notSupported } from './refusal.ts'
import { deepestCopy } from './stack.ts'
import { verdict } from './verdict.ts'
import type { Wiring } from './wiring.ts'

/** Branches that a packet has still to go through once the one that it is in has ended. */
interface Pending {
  readonly node: number
  readonly ports: readonly number[]
  /** As it was when it came to the Tee. */
  readonly packet: Packet
  /** Whether its bytes were saved. */
  readonly whole: boolean
  readonly outer: Pending | undefined
  readonly depth: number
}

interface Task {
  readonly label: string
  readonly write: () => Program
}

/** Far more than any configuration that was written by hand; a graph of Tees can ask for any number. */
const mostTasks = 16_384
const dropLabel = 'drop'

export interface ProgramResult {
  readonly program: Program
  readonly usesSaves: boolean
}

export const compileProgram = (
  root: number,
  place: ProgramPlace & { readonly receivesForHost: boolean },
  elements: readonly PlacedElement[],
  wiring: Wiring,
  options: CompileOptions,
): ProgramResult => {
  const tasks = new Map<string, Task>()
  const byLabel = new Map<string, Task>()
  const waiting: Task[] = []
  let labels = 0
  let usesSaves = false
  const newLabel = (hint: string): string => `${hint}_${labels++}`

  const placed = (node: number): PlacedElement => {
    const found = elements[node]
    if (!found) throw new RangeError(`no element ${node}`)
    return found
  }

  const request = (key: string, node: number, hint: string, write: (label: string) => Program): string => {
    const known = tasks.get(key)
    if (known) return known.label
    if (tasks.size >= mostTasks) throw notSupported(placed(node).element, 'a program of so many branches')
    const name = newLabel(hint)
    const task = { label: name, write: () => write(name) }
    tasks.set(key, task)
    byLabel.set(name, task)
    waiting.push(task)
    return name
  }

  const noteOf = ({ element }: PlacedElement) => ({
    subject: `${element.name} :: ${element.class}`,
    where: element.landmark,
  })

  /** The label of what follows an output port. */
  const follow = (node: number, port: number, packet: Packet, pending: Pending | undefined): string => {
    const to = wiring.after(node, port)
    if (!to) return end(packet, pending)
    // What several connections lead to is written once, for packets of which nothing is reachable yet.
    const joined = wiring.sources(to) > 1 ? { ...packet, reachable: 0 } : packet
    const known = pending ? joined : { ...joined, grown: 0 }
    const { element } = placed(to.node)
    return request(`${to.node}:${to.port} ${packetKey(known)} ${pendingKey(pending)}`, to.node, element.name, () =>
      writeElement(to.node, known, pending),
    )
  }

  /** The label of where a packet ends: the next branch that waits for it, or the end of the program. */
  const end = (packet: Packet, pending: Pending | undefined): string => {
    if (!pending) return dropLabel
    const grown = packet.grown - pending.packet.grown
    const key = `resume ${grown} ${pendingKey(pending)}`
    return request(key, pending.node, 'resume', () => writeResume(pending, grown))
  }

  const writeElement = (node: number, packet: Packet, pending: Pending | undefined): Program => {
    const self = placed(node)
    const { element, configured, outputs } = self
    const site: Site = {
      element,
      ...configured,
      packet,
      outputs,
      room: self.room,
      isCopy: pending !== undefined,
      output: (port, after) => goTo(follow(node, port, after, pending)),
      outputLabel: (port, after) => follow(node, port, after, pending),
      copy: (ports, after) => copy(node, ports, after, pending),
      drop: (after) => goTo(end(after, pending)),
      dropLabel: (after) => end(after, pending),
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
      at: place,
      finish: () => [exit()],
      refuse: (reason) => {
        throw notSupported(element, reason)
      },
    }
    return annotate(noteOf(self), flattenCode(self.code.compile(site)))
  }

  const copy = (node: number, ports: readonly number[], packet: Packet, outer: Pending | undefined): Code => {
    const [first, ...rest] = ports
    if (first === undefined) return goTo(end(packet, outer))
    if (rest.length === 0) return goTo(follow(node, first, packet, outer))
    const depth = outer ? outer.depth + 1 : 0
    if (depth >= deepestCopy) throw notSupported(placed(node).element, `a copy of a copy, ${deepestCopy + 1} deep,`)
    const modifies = (other: number): boolean => {
      const { code, configured } = placed(other)
      return typeof code.modifies === 'function' ? code.modifies(configured) : code.modifies
    }
    const whole = packet.offset !== 0 || ports.slice(0, -1).some((port) => wiring.mayMeet(node, port, modifies))
    usesSaves ||= whole
    const pending = { node, ports: rest, packet, whole, outer, depth }
    return [save(depth, whole, end(packet, outer)), goTo(follow(node, first, packet, pending))]
  }

  const writeResume = (pending: Pending, grown: number): Program => {
    const { node, ports, whole, depth, outer } = pending
    const later = (at: number | undefined): number | undefined => (at === undefined ? undefined : at + grown)
    const packet: Packet = {
      hook: pending.packet.hook,
      offset: pending.packet.offset + grown,
      network: later(pending.packet.network),
      mac: later(pending.packet.mac),
      reachable: 0,
      grown: pending.packet.grown + grown,
    }
    const [next = 0, ...rest] = ports
    // The save stays what it was: growth counts from there, also after the second branch and the third.
    const following = rest.length === 0 ? outer : { ...pending, ports: rest }
    const code = [
      restore(depth, whole, grown, end(packet, outer), newLabel),
      goTo(follow(node, next, packet, following)),
    ]
    return annotate(noteOf(placed(node)), flattenCode(code))
  }

  const items: Item[] = []
  const written = new Set<string>()
  const write = (task: Task): void => {
    for (let next: Task | undefined = task; next; ) {
      const current: Task = next
      written.add(current.label)
      items.push(label(current.label))
      items.push(...current.write())
      const target = endsAt(items)
      next = target === undefined || written.has(target) ? undefined : byLabel.get(target)
    }
  }
  const self = placed(root)
  items.push(...annotate(noteOf(self), flattenCode(prologue(dropLabel, newLabel, place.receivesForHost))))
  const first = `${root}`
  request(first, root, self.element.name, () => writeElement(root, received('tc'), undefined))
  for (let task = waiting.pop(); task; task = waiting.pop()) if (!written.has(task.label)) write(task)
  items.push(label(dropLabel), mov('r0', verdict.tc.drop), exit())
  const functions = new Set([dropFrontCode, ...elements.flatMap(({ code }) => code.functions ?? [])])
  const program = dropEmptyJumps(dropUnreachable([...items, ...flattenCode([...functions])]))
  return { program, usesSaves }
}

const packetKey = ({ offset, network, mac, reachable, grown }: Packet): string =>
  [offset, network, mac, reachable, grown].join(',')

const pendingKey = (pending: Pending | undefined): string =>
  pending ? `${pending.node}[${pending.ports.join(',')}]${packetKey(pending.packet)} ${pendingKey(pending.outer)}` : ''
