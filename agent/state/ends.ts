/**
 * How nodes ended last and how often they came back, by node: kept on disk, so that an agent that was restarted neither forgets it nor counts an
 * end twice that it still sees.
 */
import type { NodeEnd } from '../hypervisor/driver.ts'
import { readIfThere, writeAtomic } from './atomic-file.ts'
import { serial } from './serial.ts'

export interface NodeHistory {
  readonly restarts: number
  readonly lastEnd?: (NodeEnd & { readonly unixMs: number }) | undefined
  /** It has not come back since, or is only just up: an end that it shows is this one. */
  readonly isOpen: boolean
}

export interface EndStore {
  get(vnet: string, node: string): NodeHistory | undefined
  /** What a look showed. An end that is not the last one still is written down; one after which the node runs by itself is a restart too. */
  seen(vnet: string, node: string, shown: { readonly running: boolean; readonly ended?: NodeEnd | undefined }): void
  /** It was started. Whether that was after an end: then it is counted. */
  started(vnet: string, node: string): boolean
  forget(vnet: string, nodes: readonly string[]): void
  /** Settles when all is on disk. */
  settled(): Promise<void>
}

export interface EndStoreOptions {
  readonly path: string
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number
  readonly onError: (error: unknown) => void
}

const keyOf = (vnet: string, node: string): string => `${vnet}/${node}`

const none: NodeHistory = { restarts: 0, isOpen: false }

const read = (text: string): Map<string, NodeHistory> => {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, NodeHistory>))
  } catch {
    // Damaged: counting begins anew.
    return new Map()
  }
}

export const openEnds = async ({ path, now = Date.now, onError }: EndStoreOptions): Promise<EndStore> => {
  const histories = read((await readIfThere(path).catch(() => undefined))?.toString() ?? '{}')
  const oneAtATime = serial()
  let last: Promise<void> = Promise.resolve()
  let isWaiting = false

  /** Nothing waits for a sync: after a loss of power every node is started anew. A burst is one write. */
  const write = (): void => {
    if (isWaiting) return
    isWaiting = true
    last = oneAtATime(async () => {
      isWaiting = false
      await writeAtomic(path, `${JSON.stringify(Object.fromEntries(histories), undefined, 1)}\n`, 0o600, 'unsure')
    }).catch(onError)
  }

  const set = (key: string, history: NodeHistory): void => {
    histories.set(key, history)
    write()
  }

  return {
    get: (vnet, node) => histories.get(keyOf(vnet, node)),
    seen: (vnet, node, { running, ended }) => {
      const key = keyOf(vnet, node)
      const known = histories.get(key) ?? none
      if (!ended) {
        if (known.isOpen && running) set(key, { ...known, isOpen: false })
        return
      }
      if (known.isOpen) return
      const { how, reason } = ended
      const restarts = running ? known.restarts + 1 : known.restarts
      set(key, { restarts, lastEnd: { how, reason, unixMs: now() }, isOpen: true })
    },
    started: (vnet, node) => {
      const key = keyOf(vnet, node)
      const known = histories.get(key)
      if (!known?.isOpen) return false
      set(key, { ...known, restarts: known.restarts + 1, isOpen: false })
      return true
    },
    forget: (vnet, nodes) => {
      const gone = nodes.filter((node) => histories.delete(keyOf(vnet, node)))
      if (gone.length > 0) write()
    },
    settled: () => last,
  }
}
