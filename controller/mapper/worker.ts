/** The thread that maps (mapper.ts). */
import { parentPort } from 'node:worker_threads'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { Picture, SubstrateGraph } from '../mapping/mapping.ts'
import type { Answer, PictureTask, Task } from './task.ts'
import { type Kept, nothingKept, putChange } from './usage-change.ts'
import { answerTo } from './work.ts'

const known = new Map<number, { readonly graph: SubstrateGraph; readonly usage: Kept }>()

const pictureOf = ({ substrate, graph, forget, change, excluded }: PictureTask): Picture => {
  for (const one of forget) known.delete(one)
  if (graph) known.set(substrate, { graph, usage: nothingKept() })
  const kept = known.get(substrate)
  if (!kept) throw new WeftError('internal', `the substrate ${substrate} was never told`)
  putChange(kept.usage, change)
  return { graph: kept.graph, usage: kept.usage, excluded }
}

const answer = ({ id, picture, asked }: Task): Answer => {
  try {
    return { id, result: answerTo(pictureOf(picture), asked) }
  } catch (error) {
    return { id, error: toWireError(error) }
  }
}

parentPort?.on('message', (task: Task) => parentPort?.postMessage(answer(task)))
