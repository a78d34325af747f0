/**
 * What others reach in the same settings, and what this mapper is held to. Published: Virne, a benchmark of network embedding (table 3 of
 * its paper), each the best of its kind there; PPO-DualGAT is learnt, PL, GRC and NRM rank nodes, MCTS and GA search. NaN: not published.
 */

export interface Anchor {
  readonly solver: string
  readonly rac: number
  readonly lrc: number
}

export interface Target {
  readonly rac: number
  readonly lrc?: number
  /** Of the worst seed. */
  readonly worstRac?: number
}

export interface Setting {
  /** How names of its instances begin. */
  readonly prefix: string
  readonly anchors: readonly Anchor[]
  readonly target?: Target
}

export const settings: readonly Setting[] = [
  {
    prefix: 'wx100-eta0.16',
    anchors: [
      { solver: 'PPO-DualGAT', rac: 0.781, lrc: 0.74 },
      { solver: 'MCTS', rac: 0.743, lrc: 0.44 },
      { solver: 'GA', rac: 0.717, lrc: 0.59 },
      { solver: 'PL', rac: 0.681, lrc: 0.67 },
      { solver: 'NRM', rac: 0.607, lrc: 0.52 },
      { solver: 'GRC', rac: 0.589, lrc: 0.56 },
    ],
    target: { rac: 0.98, lrc: 0.86, worstRac: 0.95 },
  },
  {
    prefix: 'wx100-eta0.28',
    anchors: [
      { solver: 'PPO-DualGAT', rac: 0.66, lrc: Number.NaN },
      { solver: 'PL', rac: 0.578, lrc: 0.65 },
    ],
    target: { rac: 0.88 },
  },
  { prefix: 'classic', anchors: [{ solver: 'GRC', rac: 0.748, lrc: 0.612 }], target: { rac: 0.94, lrc: 0.87 } },
  { prefix: 'geant', anchors: [{ solver: 'best published', rac: 0.604, lrc: 0.75 }], target: { rac: 0.83 } },
  { prefix: 'brain', anchors: [{ solver: 'best published', rac: 0.589, lrc: Number.NaN }], target: { rac: 0.62 } },
]

/** Time of a request in shortest-path trees of the same substrate. */
export const timeTargets = { hosts: 100, p50: 100, p99: 300, largeP95: 50, largeMax: 200 } as const

/** Greatest mean of cost over the proven bound, less one, by nodes of the request, on a substrate where nothing is. */
export const gapTarget = (nodes: number): number => (nodes <= 6 ? 0 : nodes <= 8 ? 0.01 : 0.025)
