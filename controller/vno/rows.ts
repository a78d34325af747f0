/** What a VNO keeps of each of its VNets. */
import { fromJson, toJson } from '../../proto/codec.ts'
import type { VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Kind } from '../store/store.ts'

export interface VNetRow {
  /** As its operator asked for it last, unless it was refused; undefined for one that another process of this VNO asked for. */
  readonly request: VNetRequest | undefined
  /** As the VNP told it last; undefined until it did. */
  readonly state: VNetState | undefined
}

interface VNetRowJson {
  readonly request?: unknown
  readonly state?: unknown
}

/** By the VNet's name. */
export const vnetKind: Kind<VNetRow> = {
  name: 'vnet',
  toJson: ({ request, state }): VNetRowJson => ({
    ...(request ? { request: toJson('VNetRequest', request) } : {}),
    ...(state ? { state: toJson('VNetState', state) } : {}),
  }),
  fromJson: (value) => {
    const { request, state } = value as VNetRowJson
    return {
      request: request === undefined ? undefined : fromJson('VNetRequest', request),
      state: state === undefined ? undefined : fromJson('VNetState', state),
    }
  },
}
