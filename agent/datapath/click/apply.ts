/** Does a step: operations one after the other, and on failure undoes what was done, the last first. A removal is not undone. */
import { WeftError } from '../../../proto/errors.ts'
import { readConfiguration } from '../../click/service/configuration.ts'
import type { ClickService } from '../../click/service/service.ts'
import { setLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { deleteQdisc, replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import type { LinkStep } from '../driver.ts'
import { inverse, type Operation, type RouterConfiguration } from './operation.ts'

export interface Tools {
  readonly route: RouteSocket
  readonly service: ClickService
}

export const applyStep = async (tools: Tools, { vnet, link, action, operations }: LinkStep): Promise<void> => {
  const done: Operation[] = []
  try {
    for (const operation of operations as readonly Operation[]) {
      // What fails may have done half of it.
      done.push(operation)
      await applyOperation(tools, operation)
    }
  } catch (error) {
    const failures = action === 'remove' ? [] : await undo(tools, done)
    const also = failures.length === 0 ? '' : `; undoing it failed too: ${failures.join(', ')}`
    throw new WeftError('datapath.failed', `link ${link} of ${vnet}: ${(error as Error).message}${also}`, {
      object: `link/${link}`,
      cause: error,
    })
  }
}

/** What went wrong with it, for people. */
const undo = async (tools: Tools, done: readonly Operation[]): Promise<readonly string[]> => {
  const failures: string[] = []
  for (const operation of done.toReversed()) {
    const back = inverse(operation)
    if (back === undefined) continue
    await applyOperation(tools, back).catch((error: unknown) => {
      if (!isGone(error)) failures.push((error as Error).message)
    })
  }
  return failures
}

const isGone = (error: unknown): boolean => error instanceof NetlinkError && error.code === 'ENODEV'

const applyOperation = async ({ route, service }: Tools, operation: Operation): Promise<void> => {
  switch (operation.op) {
    case 'set': {
      const { mtu, addressGeneration } = operation.to
      if (mtu !== undefined) await route.request(setLink(operation.name, { mtu }))
      if (addressGeneration === undefined) return
      // A kernel without IPv6 knows no way to generate its addresses.
      return request(route, setLink(operation.name, { addressGeneration }), 'EAFNOSUPPORT', 'EOPNOTSUPP')
    }
    case 'limit': {
      const index = (await route.link(operation.name))?.index ?? 0
      if (operation.to === undefined) {
        return request(route, deleteQdisc(index, parent.root), 'ENOENT', 'EINVAL', 'ENODEV')
      }
      return request(route, replaceQdisc({ index, parent: parent.root, options: operation.to }))
    }
    case 'leave':
      await request(route, setLink(operation.name, { up: false }), 'ENODEV')
      return request(route, setLink(operation.name, { master: 0 }), 'ENODEV')
    case 'put':
      return put(service, operation.router, operation.to)
    case 'remove':
      return remove(service, operation.router)
    case 'raise':
      return request(route, setLink(operation.name, { up: true }))
    case 'lower':
      return request(route, setLink(operation.name, { up: false }), 'ENODEV')
  }
}

/** `unless`: errors that mean that it is done already. */
const request = async (route: RouteSocket, wanted: Request, ...unless: readonly string[]): Promise<void> => {
  try {
    await route.request(wanted)
  } catch (error) {
    if (!(error instanceof NetlinkError) || !unless.includes(error.code)) throw error
  }
}

/** In place of the one that is there, with its counts; anew where there is none, or none that could be exchanged. */
const put = async (service: ClickService, router: string, { text, file }: RouterConfiguration): Promise<void> => {
  const configuration = readConfiguration(text, file)
  try {
    await service.swap(router, configuration)
  } catch (error) {
    if (!hasCode(error, 'router.unknown', 'router.broken')) throw error
    await remove(service, router)
    await service.up(router, configuration)
  }
}

const remove = async (service: ClickService, router: string): Promise<void> => {
  try {
    await service.down(router)
  } catch (error) {
    if (!hasCode(error, 'router.unknown')) throw error
  }
}

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof WeftError && codes.includes(error.code)
