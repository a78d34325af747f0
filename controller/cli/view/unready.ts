/** What a VNet still lacks, object by object. */
import { fromWireError, WeftError, type WireError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { renderError } from '../render-error.ts'
import { phaseWord, readyOf } from './tones.ts'

interface Part {
  readonly object: string
  readonly error: WireError | undefined
}

/** Errors of the VNet and of its objects; each names its object. */
export const errorsOf = (state: VNetState): readonly WeftError[] => {
  const parts: readonly Part[] = [
    { object: `vnet/${state.vnet}`, error: state.error },
    ...state.nodes.map(({ id, error }) => ({ object: `node/${id}`, error })),
    ...state.links.map(({ id, error }) => ({ object: `link/${id}`, error })),
  ]
  return parts.flatMap(({ object, error }) =>
    error ? [fromWireError({ ...error, object: error.object || object })] : [],
  )
}

/** For stderr: that it is not as wanted in time, and why as far as that is known. `state` is a name where none was seen. */
export const unready = (
  state: VNetState | string,
  wanted: 'ready' | 'gone',
  timeoutMs: number,
  colour: boolean,
): string => {
  const vnet = typeof state === 'string' ? state : state.vnet
  const stands =
    typeof state === 'string'
      ? 'nothing was told of it'
      : `${phaseWord(state.phase)}, nodes ${readyOf(state.nodes)}, links ${readyOf(state.links)}`
  const summary = `vnet/${vnet} is not ${wanted} after ${timeoutMs / 1000} s: ${stands}`
  const errors = [
    new WeftError('call.timeout', summary, { object: `vnet/${vnet}` }),
    ...(typeof state === 'string' ? [] : errorsOf(state)),
  ]
  return renderError({ errors }, { colour, verbose: false })
}
