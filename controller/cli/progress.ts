/** How far a VNet is, on one line of a terminal that is written over; nothing where stderr is no terminal. */
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import type { Context } from './context.ts'
import { humanSeconds } from './human.ts'
import { phaseWord, readyOf } from './view/tones.ts'

export interface Progress {
  show(state: VNetState): void
  /** Clears the line. Idempotent. */
  end(): void
}

const clearLine = '\r\u001b[2K'
const tickMs = 500

export const progressLine = (state: VNetState, elapsedSeconds: number): string =>
  `${phaseWord(state.phase)}  nodes ${readyOf(state.nodes)}  links ${readyOf(state.links)}  ${elapsedSeconds.toFixed(1)} s`

/** With `phases`, each phase that is over stays on the screen with its time. */
export const createProgress = ({ stderr }: Context, { phases = false } = {}): Progress => {
  if (!stderr.isTTY) return { show: () => undefined, end: () => undefined }
  const started = performance.now()
  const told = new Set<string>()
  let last: VNetState | undefined
  const draw = () => {
    if (!last) return
    const line = progressLine(last, (performance.now() - started) / 1000)
    stderr.write(`${clearLine}${line.slice(0, (stderr.columns || 80) - 1)}`)
  }
  const timer = setInterval(draw, tickMs)
  timer.unref()
  return {
    show: (state) => {
      last = state
      for (const { name, seconds } of phases ? state.timings : []) {
        if (told.has(name)) continue
        told.add(name)
        stderr.write(`${clearLine}${name.padEnd(12)} ${humanSeconds(seconds)}\n`)
      }
      draw()
    },
    end: () => {
      clearInterval(timer)
      if (last) stderr.write(clearLine)
      last = undefined
    },
  }
}
