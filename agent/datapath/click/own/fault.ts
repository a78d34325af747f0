/** Which steps have routers with an operator's own Click in them, and which of their failures are that Click's. */
import { WeftError } from '../../../../proto/errors.ts'
import { VerifierError } from '../../../ebpf/verifier.ts'
import type { LinkStep } from '../../driver.ts'
import type { Operation, RouterConfiguration } from '../operation.ts'
import { ownTextIn } from '../text/own.ts'
import type { Admission } from './admission.ts'

/** Routers with own Click that a step puts. */
const ownRouters = ({ operations }: LinkStep): readonly RouterConfiguration[] =>
  (operations as readonly Operation[]).flatMap((operation) =>
    operation.op === 'put' && ownTextIn(operation.to.text) !== undefined ? [operation.to] : [],
  )

/** Throws config.invalid before anything of the step is done, so that what runs goes on. */
export const admitOwn = async ({ admit }: Pick<Admission, 'admit'>, step: LinkStep): Promise<void> => {
  for (const router of ownRouters(step)) {
    try {
      await admit(router)
    } catch (error) {
      throw ownFault(step, error)
    }
  }
}

/** A landmark of an operator's text, `VNET/NODE.IF:LINE`; those of ours have the link's name within. */
const ownLandmark = /(?:^|\s)([^\s/]+\/[^\s/]+:\d+)(?::|$)/

/** The error of a step: config.invalid with the operator's line where own Click is to blame, else as it was. */
export const ownFault = (step: LinkStep, error: unknown): unknown => {
  if (ownRouters(step).length === 0) return error
  const why = error instanceof WeftError && error.code === 'datapath.failed' ? error.cause : error
  const isRefused = why instanceof WeftError && ['config.invalid', 'not-supported'].includes(why.code)
  if (!isRefused && !(why instanceof VerifierError)) return error
  const { link, vnet } = step
  const said = why instanceof VerifierError ? (why.note?.where ?? '') : why.where || why.message
  const where = ownLandmark.exec(said)?.[1] ?? ''
  const place = where === '' || why.message.includes(where) ? '' : `${where}: `
  // The names of its elements are the operator's.
  const message = why.message.replaceAll(/\bown\/(?=\w)/g, '')
  return new WeftError('config.invalid', `link ${link} of ${vnet}: own Click: ${place}${message}`, {
    object: `link/${link}`,
    where,
    hint: why instanceof WeftError && why.hint ? why.hint : 'what ran before goes on',
    cause: why,
  })
}
