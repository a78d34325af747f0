import { UsageError } from '../controller/cli/usage-error.ts'
import { suggest } from '../controller/description/nearest.ts'
import { type LabState, listLabs, supervisorLives } from '../lab/state.ts'
import { WeftError } from '../proto/errors.ts'

/**
 * The lab of that name or, without one, the only one that runs; never one that crashed or that is still started: tests have such.
 * Throws lab.unknown, and UsageError where several could be meant.
 */
export const chooseLab = (name: string | undefined): LabState => {
  const known = listLabs().map(({ state }) => state)
  const labs = name === undefined ? known.filter((lab) => lab.ready && supervisorLives(lab)) : known
  const names = labs.map((lab) => lab.name)
  const [only] = labs
  const found = name === undefined ? only : labs.find((lab) => lab.name === name)
  if (!found) {
    const message = name === undefined ? 'no lab runs here' : `there is no lab ${name}`
    throw new WeftError('lab.unknown', message, { hint: name === undefined ? 'weft lab up' : suggest(name, names) })
  }
  if (name === undefined && labs.length > 1)
    throw new UsageError(`several labs run here: ${names.join(', ')}`, 'name one')
  return found
}
