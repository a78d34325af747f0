/**
 * A thread that compiles routers with operators' own Click, as they will be, and says what they cost. A text can be made to take long: here nobody
 * waits for it, and who asked can end the thread.
 */
import { parentPort } from 'node:worker_threads'
import { toWireError, type WireError } from '../../../../proto/errors.ts'
import { compile } from '../../../click/compile/compile.ts'
import { readConfiguration } from '../../../click/service/configuration.ts'
import type { RouterConfiguration } from '../operation.ts'
import { costOf, type OwnCost } from './budget.ts'

export type Question = RouterConfiguration

export type Answer = { readonly cost: OwnCost } | { readonly error: WireError }

const answer = ({ text, file }: Question): Answer => {
  try {
    const { graph } = readConfiguration(text, file)
    return { cost: costOf(graph, compile(graph, { device: () => 1 })) }
  } catch (error) {
    return { error: toWireError(error) }
  }
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)))
// Loading takes longer than most answers: only from here on time counts.
parentPort?.postMessage('ready')
