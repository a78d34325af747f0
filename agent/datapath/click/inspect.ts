/** The router of a vif as it runs: its text, and what its handlers say. */
import type { ClickService } from '../../click/service/service.ts'
import type { InterfaceRouter } from '../driver.ts'
import { routerName } from './names.ts'
import { ownElement } from './text/own.ts'

/** Without the handlers of the operator's own Click, which are the operator's alone. undefined where there is none. Rejects with WeftError router.broken. */
export const inspectRouter = async (
  service: ClickService,
  vnet: string,
  end: string,
  withHandlers: boolean,
): Promise<InterfaceRouter | undefined> => {
  const name = routerName({ vnet, link: '', end })
  const router = await service.find(name)
  if (router === undefined) return undefined
  // Elements without a name of their own are no matter of people's.
  const isShown = (element: string): boolean => !element.includes('@') && !element.startsWith(`${ownElement}/`)
  const readings = withHandlers ? await service.readAll(name, (element) => isShown(element.name)) : []
  const handlers = readings.map(({ element, handler, value }) => ({ name: `${element}.${handler}`, value }))
  return { text: Buffer.from(router.text, 'latin1').toString('utf8'), state: router.state, handlers }
}
