/** Does a step: operations one after the other, and on failure undoes what was done, the last first. A removal is not undone. */
import { hasCode, WeftError } from '../../../proto/errors.ts'
import { readConfiguration } from '../../click/service/configuration.ts'
import { putRouter, removeRouter } from '../../click/service/put.ts'
import type { ClickService } from '../../click/service/service.ts'
import { addLink, deleteLink, setLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { giveBackRequests } from '../bridge/note.ts'
import type { LinkStep } from '../driver.ts'
import { egressRequests, plainEgress, sameEgress } from '../egress.ts'
import type { Underlay } from '../underlay/underlay.ts'
import { isMadePromiscuous, nicRouterName } from './names.ts'
import { inverse, type NewPorts, type Operation, type RouterConfiguration } from './operation.ts'
import { formatValue, parseTable, sameValue, type TableValue } from './table.ts'
import { fillNumbers, numberless } from './text/part.ts'

export interface Tools {
  readonly route: RouteSocket
  readonly service: ClickService
  readonly underlay: Underlay
}

export const applyStep = async (tools: Tools, { vnet, link, action, operations }: LinkStep): Promise<void> => {
  const done: Operation[] = []
  const claims = nicsOf(operations as readonly Operation[]).map((nic) => tools.underlay.claim(nic))
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
  } finally {
    for (const end of claims) end()
  }
}

/** Those that a segment is made at. */
const nicsOf = (operations: readonly Operation[]): readonly string[] => [
  ...new Set(
    operations.flatMap((one) =>
      (one.op === 'entry' || one.op === 'reserve') && one.to !== undefined ? [one.nic] : [],
    ),
  ),
]

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

const applyOperation = async (tools: Tools, operation: Operation): Promise<void> => {
  const { route, service } = tools
  switch (operation.op) {
    case 'set': {
      const { addressGeneration, ...plain } = operation.to
      if (Object.keys(plain).length > 0) await route.request(setLink(operation.name, plain))
      return addressGeneration === undefined ? undefined : silence(route, operation.name, addressGeneration)
    }
    case 'limit': {
      const index = (await route.link(operation.name))?.index ?? 0
      const gone = sameEgress(plainEgress, operation.to) ? ['ENOENT', 'EINVAL', 'ENODEV'] : []
      for (const wanted of egressRequests(index, operation.from, operation.to)) await request(route, wanted, ...gone)
      return
    }
    case 'leave':
      await request(route, setLink(operation.name, { up: false }), 'ENODEV')
      return request(route, setLink(operation.name, { master: 0 }), 'ENODEV')
    case 'ports':
      return addPorts(route, operation)
    case 'delete':
      return request(route, deleteLink(operation.name), 'ENODEV')
    case 'put':
      return put(tools, operation.router, operation.to)
    case 'remove':
      return removeRouter(service, operation.router)
    case 'switch':
      if (isMadePromiscuous(operation.to.file)) await route.request(setLink(operation.nic, { promiscuous: true }))
      return putShared(tools, nicRouterName(operation.nic), operation.to)
    case 'entry':
      return operation.to === undefined
        ? removeEntry(service, operation.nic, operation.key, operation.from)
        : putEntry(tools, operation.nic, operation.key, operation.to, operation.from !== undefined)
    case 'tidy-switch':
      return tidySwitch(tools, operation.nic)
    case 'underlay':
    case 'reserve':
    case 'tidy': {
      const nic = await route.link(operation.nic)
      if (nic !== undefined) await tools.underlay.apply(operation, nic.index)
      return
    }
    case 'raise':
      return request(route, setLink(operation.name, { up: true }))
    case 'give-back':
      for (const wanted of giveBackRequests(operation.note)) await request(route, wanted, 'ENODEV', ...withoutIpv6)
      return
    case 'lower':
      return request(route, setLink(operation.name, { up: false }), 'ENODEV')
  }
}

/** IN6_ADDR_GEN_MODE_NONE. */
const silent = 1

/** A kernel without IPv6 knows no way to generate its addresses. */
const withoutIpv6 = ['EAFNOSUPPORT', 'EOPNOTSUPP'] as const

const silence = (route: RouteSocket, name: string, addressGeneration: number): Promise<void> =>
  request(route, setLink(name, { addressGeneration }), ...withoutIpv6)

/** All that is to be segmented. The kernel takes no fewer bytes than a TCP packet's headers may have (MAX_TCP_HEADER). */
const cutAll = { bytes: 512, segments: 1 } as const

const addPorts = async (route: RouteSocket, { a, b, alias, mtu, cut }: NewPorts): Promise<void> => {
  await route.request(addLink({ name: a, mtu, info: { kind: 'veth', peer: { name: b, mtu } } }))
  for (const name of [a, b]) {
    await route.request(setLink(name, { alias, ...(cut ? { uncut: cutAll } : {}) }))
    await silence(route, name, silent)
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

const put = async (
  { route, service }: Pick<Tools, 'route' | 'service'>,
  router: string,
  { text, file }: RouterConfiguration,
): Promise<void> => putRouter(service, router, readConfiguration(await withNumbers(route, text), file))

/** Steps of several links may each have found it missing, or half-made by one of the others: the first makes it, the rest find it. */
const putShared = async (tools: Tools, router: string, to: RouterConfiguration): Promise<void> => {
  const there = await tools.service.adopt(router)
  if (there?.state === 'running' && there.file === to.file && there.text === to.text) return
  await put(tools, router, to)
}

/** Of interfaces that the step itself has made. */
const withNumbers = async (route: RouteSocket, text: string): Promise<string> => {
  const numbers = new Map<string, number>()
  for (const name of numberless(text)) numbers.set(name, (await route.link(name))?.index ?? 0)
  return numbers.size === 0 ? text : fillNumbers(text, numbers)
}

const putEntry = async (
  { route, service }: Tools,
  nic: string,
  key: string,
  value: TableValue,
  mayReplace: boolean,
): Promise<void> => {
  const { name, index = (await route.link(name))?.index ?? 0 } = value.device
  const line = `${key} ${formatValue(index, value)}`
  await service.write(nicRouterName(nic), `links.${mayReplace ? 'set' : 'add'}`, line)
}

/** Another link may have the key by now. */
const removeEntry = async (
  service: ClickService,
  nic: string,
  key: string,
  value: TableValue | undefined,
): Promise<void> => {
  const there = (await readTable(service, nic))?.get(key)
  if (there === undefined || (value?.device.index !== undefined && !sameValue(there, value))) return
  await service.write(nicRouterName(nic), 'links.remove', key)
}

const tidySwitch = async ({ route, service }: Tools, nic: string): Promise<void> => {
  const table = await readTable(service, nic)
  if (table === undefined || table.size > 0) return
  const name = nicRouterName(nic)
  const file = (await service.list()).find((router) => router.name === name)?.file ?? ''
  await removeRouter(service, name)
  if (isMadePromiscuous(file)) await request(route, setLink(nic, { promiscuous: false }), 'ENODEV')
}

/** undefined where there is no router, or none that can be read: its table is gone. */
const readTable = async (service: ClickService, nic: string): Promise<ReadonlyMap<string, TableValue> | undefined> => {
  try {
    return parseTable(await service.read(nicRouterName(nic), 'links.table'))
  } catch (error) {
    if (!hasCode(error, 'router.unknown', 'router.broken')) throw error
    return undefined
  }
}
