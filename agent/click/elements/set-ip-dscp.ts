import { setIpDscp as of } from '../../../click/elements/set-ip-dscp.ts'
import { compileElement } from '../compile/element.ts'
import { swapOnly } from '../handlers.ts'
import { setTypeOfService } from './type-of-service.ts'

export const setIpDscp = compileElement(of, {
  compile: (site) => setTypeOfService(site, 0x03, site.values.DSCP << 2),
  modifies: true,
  handlers: { dscp: { read: (_, { values }) => `${values.DSCP}`, ...swapOnly } },
})
