/** The forwarding path compiled from Click and by hand in C, over the same tables, loaded for runs on one packet. */
import { exit, mov, type Program } from '../../agent/ebpf/asm/asm.ts'
import { updateAll } from '../../agent/ebpf/batch.ts'
import { type BpfMap, createMap } from '../../agent/ebpf/map.ts'
import type { MapSpec } from '../../agent/ebpf/map-spec.ts'
import { type BpfProgram, loadProgram } from '../../agent/ebpf/program.ts'
import { compileC, type Definitions } from './clang.ts'
import { driveMap, driveMapOf, driven, fillDrive } from './drive.ts'
import type { Hook, Output, RouterPlan } from './router.ts'
import type { Route } from './routes.ts'
import type { Contender } from './timing.ts'
import { loadWeft } from './weft.ts'

/** What a program of the hook returns that sends a packet on: TC_ACT_REDIRECT, XDP_REDIRECT. */
export const redirected: Readonly<Record<Hook, number>> = { tc: 7, xdp: 4 }
export const droppedAs: Readonly<Record<Hook, number>> = { tc: 2, xdp: 1 }

export const outputs: readonly Output[] = [
  { device: 'out0', from: '02:00:00:00:02:01', to: '02:00:00:00:02:02' },
  { device: 'out1', from: '02:00:00:00:03:01', to: '02:00:00:00:03:02' },
]

export const planOf = (routes: readonly Route[]): RouterPlan => ({ inputs: ['in'], outputs, routes })

export const etherBytes = (address: string): readonly number[] =>
  address.split(':').map((digits) => Number.parseInt(digits, 16))

/** The words of struct ether (forward.c). */
const etherWords = ({ from, to }: Output): string => {
  const header = Buffer.from([...etherBytes(to), ...etherBytes(from), 8, 0])
  const words = [header.readUInt32LE(0), header.readUInt16LE(4), header.readUInt16LE(6), header.readUInt32LE(8)]
  return `{${words.map((word) => `0x${word.toString(16)}`).join(',')},0x0008}`
}

export const definitionsOf = (
  { outputs }: Pick<RouterPlan, 'outputs'>,
  hook: Hook,
  device: (name: string) => number,
): Definitions =>
  Object.assign(
    { OUTPUTS: outputs.length, ...(hook === 'xdp' ? { XDP: true } : {}) },
    ...outputs.map((output, i) => ({
      [`OUTPUT_${i}_INDEX`]: device(output.device),
      [`OUTPUT_${i}_ETHER`]: etherWords(output),
    })),
  ) as Definitions

/** Of C, by what it does: `c` counts as Click's elements do, `lean` does not, `trie` looks up in the kernel's LPM_TRIE and counts. */
export const writings = {
  c: { COUNT: true },
  lean: {},
  trie: { COUNT: true, TRIE: true },
} as const satisfies Readonly<Record<string, Definitions>>

export type Writing = keyof typeof writings

export interface Contest {
  /** Programs behind the drive, by name: `weft`, `floor`, and what was asked for of C. Throws RangeError where there is none. */
  readonly pick: <Name extends string>(names: readonly Name[]) => readonly Contender<Name>[]
  /** The same without the drive before them. */
  readonly plain: ReadonlyMap<string, BpfProgram>
  /** What it took to compile and load the router, its routes included. */
  readonly loadSeconds: number
  readonly close: () => void
}

export interface ContestOptions {
  readonly hook: Hook
  readonly routes: readonly Route[]
  /** A power of two. */
  readonly destinations: readonly number[]
  readonly frameBytes: number
  readonly of: readonly Writing[]
}

export const countersMap: MapSpec = {
  name: 'counters',
  kind: 'array',
  keyBytes: 4,
  valueBytes: 16,
  entries: 1,
  mappable: true,
}

const fillTrie = (trie: BpfMap, routes: readonly Route[]): void =>
  updateAll(
    trie,
    routes.map(({ address, length, output }) => {
      const key = Buffer.alloc(8)
      key.writeUInt32LE(length, 0)
      key.writeUInt32BE(address, 4)
      const value = Buffer.alloc(4)
      value.writeUInt32LE(output)
      return [key, value]
    }),
  )

/** Rejects with WeftError, VerifierError, BpfError. */
export const openContest = async ({ hook, routes, destinations, frameBytes, of }: ContestOptions): Promise<Contest> => {
  const held: { close(): void }[] = []
  const close = (): void => {
    for (const each of held.splice(0).reverse()) each.close()
  }
  const hold = <T extends { close(): void }>(one: T): T => {
    held.push(one)
    return one
  }
  try {
    const plan = planOf(routes)
    const device = (): number => 1
    const from = performance.now()
    const weft = hold(loadWeft(plan, { device, hook }))
    const loadSeconds = (performance.now() - from) / 1000
    const drive = hold(createMap(driveMapOf(destinations.length)))
    fillDrive(drive.memory(), destinations, frameBytes)
    const maps: Record<string, BpfMap> = { ...Object.fromEntries(weft.maps), [driveMap]: drive, table: weft.table }
    if (of.length > 0) maps['counters'] = hold(createMap(countersMap))
    if (of.includes('trie')) {
      const entries = Math.max(1, routes.length)
      maps['trie'] = hold(
        createMap({ name: 'trie', kind: 'lpm-trie', keyBytes: 8, valueBytes: 4, entries, sparse: true }),
      )
      fillTrie(maps['trie'], routes)
    }
    const texts = new Map<string, Program>([['floor', [mov('r0', redirected[hook]), exit()]]])
    for (const program of weft.instructions) texts.set('weft', program)
    for (const writing of of) {
      texts.set(
        writing,
        await compileC({ ...definitionsOf(plan, hook, device), ...weft.tableDefinitions, ...writings[writing] }),
      )
    }
    const load = (name: string, instructions: Program): BpfProgram =>
      hold(loadProgram({ name, kind: hook, instructions }, { maps }))
    const plain = new Map([...texts].map(([name, text]) => [name, load(name, text)]))
    const timed = new Map([...texts].map(([name, text]) => [name, load(name, driven(hook, destinations.length, text))]))
    return {
      pick: (names) =>
        names.map((name) => {
          const program = timed.get(name)
          if (!program) throw new RangeError(`no contender ${name}`)
          return { name, program }
        }),
      plain,
      loadSeconds,
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}
