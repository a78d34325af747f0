import { setIpEcn as of } from '../../../click/elements/set-ip-ecn.ts'
import { compileElement } from '../compile/element.ts'
import { swapOnly } from '../handlers.ts'
import { setTypeOfService } from './type-of-service.ts'

export const setIpEcn = compileElement(of, {
  compile: (site) => setTypeOfService(site, 0xfc, site.values.ECN),
  modifies: true,
  handlers: { ecn: { read: (_, { values }) => `${values.ECN}`, ...swapOnly } },
})
