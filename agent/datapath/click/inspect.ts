/** The router of a vif as it runs: its text, and what its handlers say. */
import type { ClickService } from '../../click/service/service.ts'
import type { InterfaceRouter } from '../driver.ts'
import { routerName } from './names.ts'

/** undefined where there is none. Rejects with WeftError router.broken. */
export const inspectRouter = async (
  service: ClickService,
  vnet: string,
  end: string,
  withHandlers: boolean,
): Promise<InterfaceRouter | undefined> => {
  const name = routerName(vnet, end)
  const router = (await service.list()).find((one) => one.name === name)
  if (router === undefined) return undefined
  const handlers: { name: string; value: string }[] = []
  for (const element of withHandlers ? await service.elements(name) : []) {
    // Elements without a name of their own are no matter of people's.
    if (element.name.includes('@')) continue
    for (const handler of element.handlers) {
      if (!handler.read) continue
      const asked = `${element.name}.${handler.name}`
      handlers.push({ name: asked, value: await service.read(name, asked) })
    }
  }
  return { text: router.text, state: router.state, handlers }
}
