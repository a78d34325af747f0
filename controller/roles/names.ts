/** Names that roles may have: they stand in topics, and those of VNOs in the names of VNets on the hosts. */
import { WeftError } from '../../proto/errors.ts'
import { localClient } from '../../proto/local.ts'
import { isName } from '../../proto/topics.ts'

const operatorPattern = /^[a-z0-9][a-z0-9-]{0,38}$/

/** Whether VNets can be this client's: `alice.shop` has one dot, and 80 characters at most with the longest name of a VNet. */
export const canOwn = (client: string): boolean => operatorPattern.test(client) && client !== localClient

export const ownerHint = 'lower-case letters, digits and hyphens, at most 39'

/** Throws config.invalid. */
export const checkRoleName = (role: string, name: string): void => {
  if (isName(name) && name !== localClient) return
  throw new WeftError('config.invalid', `"${name}" cannot be the name of a ${role}`, {
    hint: `letters, digits, dots, hyphens and underscores, at most 80, and not "${localClient}"`,
  })
}

/** Throws config.invalid. */
export const checkOperatorName = (name: string): void => {
  if (canOwn(name)) return
  throw new WeftError('config.invalid', `"${name}" cannot be the name of a VNO`, { hint: ownerHint })
}
