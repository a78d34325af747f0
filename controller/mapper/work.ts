/** What the thread does of what it is asked; the process itself, where there is no thread. */
import { WeftError } from '../../proto/errors.ts'
import type { Explanation, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { mapOn } from '../mapping/map-on.ts'
import type { Picture } from '../mapping/mapping.ts'
import { type Explained, explainPart, explainVersion } from './explain.ts'
import type { Asked, ExplainAsked, Result } from './task.ts'

/** Throws admission.never-fits or admission.not-now. */
export const answerTo = (picture: Picture, asked: Asked): Result =>
  asked.kind === 'map' ? mapOn(picture, asked.standing, asked.part) : explain(picture, asked)

const explain = (picture: Picture, { provider, vnet, usage, budgetMs, of }: ExplainAsked): Explanation => {
  const end = performance.now() + budgetMs
  const explained: Explained = { provider, picture, usage, vnet, isOver: () => performance.now() > end }
  return 'standing' in of
    ? explainVersion(explained, of.standing)
    : explainPart(explained, of.part, refusalOf(picture, of.part))
}

/** undefined: it has a place. */
const refusalOf = (picture: Picture, part: VNetRequest): WeftError | undefined => {
  try {
    mapOn(picture, undefined, part)
    return undefined
  } catch (error) {
    if (error instanceof WeftError) return error
    throw error
  }
}
