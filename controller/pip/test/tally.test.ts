import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { Usage } from '../../mapping/mapping.ts'
import { randomFrom } from '../../simulation/random.ts'
import type { Allocation } from '../allocate.ts'
import type { Rows } from '../follow.ts'
import { nothingUsed, totalUsage, usageToJson } from '../holdings.ts'
import type { ReservationRow, VNetRow } from '../rows.ts'
import type { AllocatedSegment } from '../segments.ts'
import { createTakenNumbers } from '../taken.ts'
import { createTally } from '../tally.ts'

const { integer, next } = randomFrom(1)

const randomUsage = (): Usage => ({
  ...nothingUsed,
  cpuMillis: new Map([[`h${integer(0, 3)}`, integer(0, 1000)]]),
  rateBitsPerSecond: new Map([[`l${integer(0, 3)}/ab`, integer(1, 9) * 1e8]]),
  nics: new Set(next() < 0.3 ? [`h${integer(0, 3)}/eth1`] : []),
  pools: new Map([[`h${integer(0, 1)}/small`, 1]]),
})

const segment = (identifier: number): AllocatedSegment => ({
  link: 'l',
  from: 'h1',
  to: 'h2',
  technology: 'vxlan',
  identifier,
})

const randomAllocation = (): Allocation => ({
  request: create('VNetRequest', { nodes: [{ id: 'a', interfaces: [{ mac: `m${integer(0, 9)}` }] }] }),
  segments: [segment(integer(0, 9)), segment(integer(0, 9))],
})

interface Row {
  readonly usage: Usage
  readonly version: { readonly allocation: Allocation }
  readonly held: { readonly segments: readonly AllocatedSegment[] } | undefined
  readonly vnet: string
}

const rowOf = (vnet: string): Row => ({
  vnet,
  usage: randomUsage(),
  version: { allocation: randomAllocation() },
  held: next() < 0.5 ? { segments: [segment(integer(0, 9))] } : undefined,
})

const claimsOf = ({ identifier }: AllocatedSegment): readonly string[] => [`vxlan ${identifier}`]

t.test('sums are those of the rows, whatever changes between two looks', async (t) => {
  const vnets = new Map<string, VNetRow>()
  const reservations = new Map<string, ReservationRow>()
  const listeners: ((vnet: string) => void)[] = []
  const rows: Rows = {
    vnets,
    reservations,
    reservationOf: (vnet) => reservations.get(`r${vnet}`),
    onTouched: (listener) => void listeners.push(listener),
  }
  const usageOf = (...of: readonly (VNetRow | ReservationRow | undefined)[]): Usage =>
    totalUsage(of.flatMap((row) => (row ? [(row as unknown as Row).usage] : [])))
  const tally = createTally(rows, usageOf)
  const taken = createTakenNumbers(rows, claimsOf)
  /** Without what is nothing, in one order. */
  const told = (usage: Usage): unknown =>
    Object.fromEntries(
      Object.entries(usageToJson(usage)).map(([name, amounts]) => [
        name,
        Array.isArray(amounts)
          ? amounts.toSorted()
          : Object.entries(amounts)
              .filter(([, amount]) => amount !== 0)
              .sort(),
      ]),
    )
  let found = 0
  for (let round = 0; round < 1000; round++) {
    for (let changes = integer(0, 4); changes > 0; changes--) {
      const name = `v${integer(0, 5)}`
      if (next() < 0.3) vnets.delete(name)
      else if (next() < 0.6) vnets.set(name, rowOf(name) as unknown as VNetRow)
      if (next() < 0.3) reservations.delete(`r${name}`)
      else if (next() < 0.5) reservations.set(`r${name}`, rowOf(name) as unknown as ReservationRow)
      for (const listener of listeners) listener(name)
    }
    const vnet = `v${integer(0, 6)}`
    const all = [...vnets.values(), ...reservations.values()] as unknown as Row[]
    const others = all.filter((row) => row.vnet !== vnet)
    const wrong = (what: string) => t.fail(`round ${round}, ${vnet}: ${what}`)
    if (!isDeepStrictEqual(told(tally.beside(vnet)), told(totalUsage(others.map(({ usage }) => usage))))) wrong('usage')

    const { macs, claims, nextFree } = taken.beside(vnet)
    const standing = new Set(
      (vnets.get(vnet) as unknown as Row | undefined)?.version.allocation.segments.flatMap(claimsOf),
    )
    const held = [...vnets.values()].flatMap((row) => (row.held?.segments ?? []).flatMap(claimsOf))
    const theirs = others.flatMap(({ version }) => version.allocation.segments.flatMap(claimsOf))
    for (let n = 0; n < 10; n++) {
      const claim = `vxlan ${n}`
      const isTaken = theirs.includes(claim) || (held.includes(claim) && !standing.has(claim))
      if (claims.has(claim) !== isTaken) wrong(claim)
      const isUsed = others.some(({ version }) => version.allocation.request.nodes[0]?.interfaces[0]?.mac === `m${n}`)
      if (macs.has(`m${n}`) !== isUsed) wrong(`m${n}`)
      found += Number(isTaken) + Number(isUsed)
      const following = nextFree?.(['vxlan'], n) ?? -1
      if (following < n) wrong(`next of ${n}`)
      // What is passed over is taken, or the VNet's own already: those are given to it before new ones are looked for.
      for (let passed = n; passed < following; passed++)
        if (!claims.has(`vxlan ${passed}`) && !standing.has(`vxlan ${passed}`)) wrong(`passed over ${passed}`)
    }
  }
  t.ok(found > 1000)
})
