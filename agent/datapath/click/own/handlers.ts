/** Handlers of an operator's own Click at an interface: elements are called as the operator's text calls them, and there are no others. */
import { shiftWord } from '../../../../click/language/strings.ts'
import { WeftError } from '../../../../proto/errors.ts'
import type { ElementInfo } from '../../../click/access.ts'
import type { ClickService } from '../../../click/service/service.ts'
import type { InterfaceRouter, OwnHandlerUse } from '../../driver.ts'
import { routerName } from '../names.ts'
import { ownElement, ownTextIn } from '../text/own.ts'
import { ownBudget } from './budget.ts'

const prefix = `${ownElement}/`

/** Characters of a value where all are asked for: a table of routes is read by itself. */
const shownValue = 2000
/** Characters of a value that one message can carry, as JSON too. */
const longestValue = 48 * 1024

/** undefined where the interface has no own Click. Rejects with handler.unknown, config.invalid, message.too-large, router.broken. */
export const useOwnHandlers = async (
  service: ClickService,
  vnet: string,
  end: string,
  use: OwnHandlerUse,
): Promise<InterfaceRouter | undefined> => {
  const name = routerName({ vnet, link: '', end })
  const router = (await service.list()).find((one) => one.name === name)
  const text = router && ownTextIn(router.text)
  if (!router || text === undefined) return undefined
  const place: OwnPlace = { service, router: name, end }
  const handlers = use.handler === '' ? await readAll(place) : [await useOne(place, use)]
  return { text, state: router.state, handlers }
}

interface OwnPlace {
  readonly service: ClickService
  readonly router: string
  readonly end: string
}

type Reading = InterfaceRouter['handlers'][number]

/** What every element has says nothing that its text does not. */
const common: readonly string[] = ['class', 'config', 'handlers', 'name', 'ports']

const readAll = async ({ service, router }: OwnPlace): Promise<readonly Reading[]> => {
  const isShown = ({ name }: ElementInfo, handler: string): boolean =>
    name.startsWith(prefix) && !name.includes('@') && !common.includes(handler)
  return (await service.readAll(router, isShown)).map(({ element, handler, value }) => ({
    name: `${element.slice(prefix.length)}.${handler}`,
    value:
      value.length > shownValue ? `${value.slice(0, shownValue)}… (${value.length} characters: read it alone)` : value,
  }))
}

const useOne = async (place: OwnPlace, { handler, write }: OwnHandlerUse): Promise<Reading> => {
  const { service, router, end } = place
  const [name] = shiftWord(handler)
  await expectHandler(place, name, write === undefined ? 'read' : 'write')
  try {
    if (write !== undefined) {
      await service.write(router, `${prefix}${handler}`, write, ownBudget.mapBytes)
      return { name, value: '' }
    }
    const value = await service.read(router, `${prefix}${handler}`)
    if (value.length <= longestValue) return { name, value }
  } catch (error) {
    throw asOwn(error)
  }
  throw new WeftError('message.too-large', `${name} at ${end} says more than ${longestValue} characters`, {
    object: `handler/${name}`,
  })
}

/** Throws handler.unknown. */
const expectHandler = async (
  { service, router, end }: OwnPlace,
  name: string,
  use: 'read' | 'write',
): Promise<void> => {
  const elements = (await service.elements(router)).filter((element) => element.name.startsWith(prefix))
  const dot = name.lastIndexOf('.')
  const element = elements.find((one) => one.name === `${prefix}${name.slice(0, dot)}`)
  const offered = (element?.handlers ?? []).filter((handler) => handler[use]).map((handler) => handler.name)
  if (dot > 0 && offered.includes(name.slice(dot + 1))) return
  const names = elements.map((one) => one.name.slice(prefix.length)).filter((one) => !one.includes('@'))
  throw new WeftError('handler.unknown', `own Click of ${end} has no handler ${name} to ${use}`, {
    object: `handler/${name}`,
    hint: element
      ? `${name.slice(0, dot)} has ${offered.join(', ') || `none to ${use}`}`
      : `ELEMENT.HANDLER; elements: ${names.join(', ') || 'none with a name'}`,
  })
}

/** Names in it are the operator's. */
const asOwn = (error: unknown): unknown => {
  if (!(error instanceof WeftError)) return error
  const { code, message, object, where, hint } = error
  const own = (text: string): string => text.replaceAll(prefix, '')
  return new WeftError(code, own(message), { object: own(object), where, hint: own(hint), cause: error })
}
