/** The parts of `npm run bench:mapping`. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { solve } from '../../controller/mapping/core/solve.ts'
import { generate, type Setting, settings } from '../../controller/simulation/generate.ts'
import type { Instance } from '../../controller/simulation/instance.ts'
import { readInstance } from '../../controller/simulation/read-instance.ts'
import { type InstanceRun, runInstance } from '../../controller/simulation/run-instance.ts'
import { percentile } from '../../controller/simulation/simulate.ts'
import { createTaskMapper, gapOf } from '../../controller/simulation/task-mapper.ts'

export interface Result extends Omit<InstanceRun, 'solutions'> {
  readonly name: string
  readonly hosts: number
}

export interface Gap {
  readonly nodes: number
  readonly requests: number
  /** Of cost over bound, less one. */
  readonly mean: number
  readonly max: number
  /** Share of the requests whose cost is proven to be the least. */
  readonly proven: number
  /** Of the one in the middle: its time, and its work in trees as the mapper counts it. */
  readonly ms: number
  readonly counted: number
}

const now = (): number => performance.now()
const switches = (): number => process.resourceUsage().involuntaryContextSwitches

export interface Deciding {
  /** Work for a request. */
  readonly trees: number
  /** How dear a mapping may be (controller/admission/thrift.ts). */
  readonly thrift: number
}

const resultOf = (name: string, instance: Instance, { trees, thrift }: Deciding): Result => {
  const { solutions: _, ...told } = runInstance(instance, { solve, budget: () => ({ trees }), now, switches, thrift })
  return { name, hosts: instance.substrate.nodes.length, ...told }
}

/** Sets as they are published, that differ only by their seed; and the one with constraints of ours. */
const generated = ['wx100-eta0.16', 'wx100-eta0.28', 'classic', 'constrained'] as const

export function* runInstances(
  options: {
    readonly instances: string | undefined
    readonly seeds: number
    readonly firstSeed: number
  } & Deciding,
): Generator<Result> {
  const { instances, seeds, firstSeed } = options
  if (instances !== undefined) {
    for (const file of readdirSync(instances).sort()) {
      if (!/\.json(\.gz)?$/.test(file)) continue
      const bytes = readFileSync(join(instances, file))
      const text = file.endsWith('.gz') ? gunzipSync(bytes) : bytes
      yield resultOf(
        basename(file).replace(/\.json(\.gz)?$/, ''),
        readInstance(JSON.parse(text.toString()), file),
        options,
      )
    }
    return
  }
  for (const name of generated)
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++)
      yield resultOf(`${name}-seed${seed}`, generate(settings[name], seed), options)
}

const median = (values: readonly number[]): number => percentile(values, 0.5)

/** Requests of each size, one at a time on a substrate where nothing is. */
export const measureGaps = (seed: number, trees: number, requests = 100): readonly Gap[] =>
  [2, 3, 4, 5, 6, 7, 8, 9, 10].map((nodes) => {
    const setting: Setting = { ...settings['wx100-eta0.16'], requests, nodes: [nodes, nodes] }
    const instance = generate(setting, seed)
    const mapper = createTaskMapper(instance, solve, () => ({ trees }))
    const took: { readonly ms: number; readonly counted: number }[] = []
    const gaps = instance.requests.flatMap((request) => {
      const begin = now()
      const outcome = solve(mapper.task(request), { trees })
      took.push({ ms: now() - begin, counted: outcome.trees })
      if (!outcome.found) throw new Error(`request ${request.id} of ${nodes} nodes does not fit on an empty substrate`)
      return outcome.bound > 0 ? [gapOf(outcome)] : []
    })
    return {
      nodes,
      requests: gaps.length,
      mean: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
      max: Math.max(...gaps),
      proven: gaps.filter((gap) => gap === 0).length / gaps.length,
      ms: median(took.map(({ ms }) => ms)),
      counted: median(took.map(({ counted }) => counted)),
    }
  })

export const runLarge = (seed: number, deciding: Deciding): Result =>
  resultOf(`wx10000-seed${seed}`, generate(settings.wx10000, seed), deciding)
