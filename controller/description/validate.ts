/**
 * The rules of a VNet request, on the model, whatever form it came in: what the VNO's file, a message to a VNP and a message to a
 * PIP are all held against. Pure. What only some provider could refuse (a technology that it does not build) is not refused here.
 */
import { encode } from '../../proto/codec.ts'
import { type ErrorCode, WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { checkAffinity } from './affinity.ts'
import { parseCidr, prefixProblem } from './cidr.ts'
import { fillIn } from './fill-in.ts'
import {
  maxErrors,
  maxLinks,
  maxNodes,
  maxPriority,
  maxRequestBytes,
  namePattern,
  nameRule,
  placements,
} from './limits.ts'
import { quote } from './request-errors.ts'
import { checkAddresses } from './validate-addresses.ts'
import { checkClick } from './validate-click.ts'
import { checkForwarding } from './validate-forwarding.ts'
import { checkImpairments } from './validate-impairments.ts'
import { checkLinks } from './validate-links.ts'
import { checkNodes, oneOf } from './validate-nodes.ts'

/** A broken rule, with the path of the part of the model that breaks it, for instance `nodes[3].interfaces[0].mac`. */
export interface Finding {
  readonly code: ErrorCode
  readonly path: string
  readonly object: string
  readonly message: string
  readonly hint: string
}

/** Notes a broken rule; its code is request.invalid unless another is given. */
export type Find = (path: string, object: string, message: string, hint?: string, code?: ErrorCode) => void

/** Every rule that the request breaks, the first `maxErrors` of them. */
export const findProblems = (request: VNetRequest): readonly Finding[] => {
  const findings: Finding[] = []
  const find: Find = (path, object, message, hint = '', code = 'request.invalid') => {
    if (findings.length < maxErrors) findings.push({ code, path, object, message, hint })
  }
  const vnet = `vnet/${request.name}`
  const { nodes, links } = request
  const tooLarge = (path: string, message: string, hint: string) => find(path, vnet, message, hint, 'request.too-large')

  if (nodes.length > maxNodes) tooLarge('nodes', `the request has ${nodes.length} nodes`, `at most ${maxNodes}`)
  if (links.length > maxLinks) tooLarge('links', `the request has ${links.length} links`, `at most ${maxLinks}`)
  const characters = textCharacters(request)
  if (characters > maxRequestBytes) {
    const message = `the start-up files and commands, and Click, have ${characters} characters`
    tooLarge('nodes', message, `at most ${maxRequestBytes} bytes in all: put large files into an image`)
  }
  // What is far too large is not looked at any closer.
  if (findings.length > 0) return findings

  if (!namePattern.test(request.name)) find('name', vnet, `${quote(request.name)} is not a name for a VNet`, nameRule)
  if (nodes.length === 0) find('nodes', vnet, 'the request has no nodes', 'at least one node')
  checkPrefix(request, vnet, find)
  checkTerms(request, vnet, find)
  checkNodes(nodes, find)
  checkLinks(request, find)
  checkForwarding(request, find)
  checkImpairments(request, find)
  checkClick(request, find)
  checkAddresses(request, find)
  if (findings.length === 0) {
    // Between providers it travels filled in.
    const size = encode('VNetRequest', fillIn(request)).length
    if (size > maxRequestBytes) {
      const hint = `at most ${maxRequestBytes} bytes: shorten start-up files and names`
      tooLarge('nodes', `the request is ${size} bytes as a message`, hint)
    }
  }
  return findings
}

/** Where a part of the model stands, as file:line; '' where that is unknown. */
export type Locate = (path: string) => string

/** The same as errors: codes request.invalid and request.too-large, `object` as node/x, link/y or vnet/z. */
export const validateRequest = (request: VNetRequest, locate: Locate = () => ''): readonly WeftError[] =>
  findProblems(request).map(
    ({ code, path, object, message, hint }) => new WeftError(code, message, { object, hint, where: locate(path) }),
  )

const textCharacters = ({ nodes }: VNetRequest): number => {
  let sum = 0
  for (const { startUp, interfaces } of nodes) {
    for (const { click } of interfaces) sum += click.length
    sum += startUp?.command.length ?? 0
    for (const { path, content } of startUp?.files ?? []) sum += path.length + content.length
  }
  return sum
}

const checkTerms = (request: VNetRequest, vnet: string, find: Find): void => {
  const { lifetimeSeconds, priority, placement } = request
  if (!Number.isSafeInteger(lifetimeSeconds * 1000) || lifetimeSeconds < 0) {
    find(
      'lifetimeSeconds',
      vnet,
      `a lifetime cannot be ${lifetimeSeconds} s`,
      'a whole number of seconds, for instance 2 h',
    )
  }
  if (Math.abs(priority) > maxPriority) {
    find('priority', vnet, `the priority cannot be ${priority}`, `${-maxPriority} to ${maxPriority}`)
  }
  oneOf(placement, placements, 'placement', 'placement', vnet, find)
  checkAffinity(request, find)
}

const checkPrefix = ({ prefix }: VNetRequest, vnet: string, find: Find): void => {
  if (prefix === '') return
  const cidr = parseCidr(prefix)
  const problem = cidr ? prefixProblem(cidr) : 'it is no address/length'
  if (problem) find('prefix', vnet, `the prefix cannot be ${quote(prefix)}: ${problem}`, 'for instance 10.7.0.0/16')
}
