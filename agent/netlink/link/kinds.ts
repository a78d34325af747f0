/**
 * The kinds of links that are read and made with their settings. Every other kind is readable, its data kept as it came. What of a
 * known kind is unknown is kept in its message and taken out only when it is asked for: few ask, and a dump has thousands.
 */
import { decodeFields, unknownFields } from '../codec/fields.ts'
import { type Bridge, bridgeFields } from './bridge.ts'
import { bridgePortFields, type Port } from './bridge-port.ts'
import { type Gretap, greFields } from './gre.ts'
import { type Tun, tunFields } from './tun.ts'
import type { Veth } from './veth.ts'
import { type Vlan, vlanFields } from './vlan.ts'
import { type Vxlan, vxlanFields } from './vxlan.ts'

/** A kind that has no file here: a macvlan, a bond, …. */
export interface OtherKind {
  readonly kind: 'other'
  /** IFLA_INFO_KIND, for instance 'macvlan'. */
  readonly name: string
  readonly data: Buffer
}

export type LinkInfo = Bridge | Vxlan | Gretap | Vlan | Tun | Veth | OtherKind

/** The kinds of which data is a table of fields. */
export const fieldKinds = {
  bridge: bridgeFields,
  vxlan: vxlanFields,
  gretap: greFields,
  vlan: vlanFields,
  tun: tunFields,
} as const

export const decodeInfo = (name: string, data: Buffer): LinkInfo => {
  if (name === 'veth') return { kind: 'veth' }
  if (!(name in fieldKinds)) return { kind: 'other', name, data }
  const kind = name as keyof typeof fieldKinds
  return {
    ...decodeFields(data, fieldKinds[kind]),
    kind,
    get unknown() {
      return unknownFields(data, fieldKinds[kind])
    },
  } as LinkInfo
}

export const decodePort = (name: string, data: Buffer): Port => {
  if (name !== 'bridge') return { kind: 'other', name, data }
  return {
    ...decodeFields(data, bridgePortFields),
    kind: 'bridge',
    get unknown() {
      return unknownFields(data, bridgePortFields)
    },
  }
}
