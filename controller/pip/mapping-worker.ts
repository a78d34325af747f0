/** The thread that maps (mapper.ts). */
import { parentPort } from 'node:worker_threads'
import { toWireError } from '../../proto/errors.ts'
import { mapOn } from '../mapping/map-on.ts'
import type { SubstrateGraph } from '../mapping/mapping.ts'
import type { MapAnswer, MapTask } from './mapper.ts'

let known: SubstrateGraph = { nodes: [], links: [] }

const answer = ({ id, graph, picture, standing, part }: MapTask): MapAnswer => {
  known = graph ?? known
  try {
    return { id, embedding: mapOn({ ...picture, graph: known }, standing, part) }
  } catch (error) {
    return { id, error: toWireError(error) }
  }
}

parentPort?.on('message', (task: MapTask) => parentPort?.postMessage(answer(task)))
