/** What an interface's node may not forge: as words in a file, and in its normal form. */
import type { Init } from '../../proto/codec.ts'
import type { AntiSpoofing, Interface } from '../../proto/generated/weft.v1.ts'
import { type Entry, get, textOf } from './tree.ts'

/** What each key of a file is called in a message. */
export const guardFields = {
  mac: 'mac',
  ip: 'ip',
  arp: 'arp',
  nd: 'nd',
  'dhcp-server': 'dhcpServer',
  ra: 'ra',
} as const satisfies Readonly<Record<string, keyof AntiSpoofing>>

export type Guard = keyof typeof guardFields

export const guards = Object.keys(guardFields) as readonly Guard[]

export const guardWords = ['on', 'off'] as const

/** One word for all, or a mapping of those that have one. */
export const outlineAntiSpoofing = (spoofing: AntiSpoofing): string | Readonly<Record<string, string>> => {
  const words = new Set(guards.map((guard) => spoofing[guardFields[guard]]))
  const [word = ''] = words
  if (words.size === 1 && word !== '') return word
  return Object.fromEntries(
    guards.map((guard) => [guard, spoofing[guardFields[guard]]] as const).filter(([, each]) => each !== ''),
  )
}

export const buildAntiSpoofing = (
  entry: Entry | undefined,
  path: string,
  note: (path: string, at: Entry['at']) => void,
): Init<AntiSpoofing> | undefined => {
  if (!entry) return undefined
  const { value } = entry
  note(path, value.at)
  const wordOf = (guard: Guard): string => {
    if (value.kind === 'scalar') return textOf(value) ?? ''
    const found = get(value, guard)
    if (found) note(`${path}.${guardFields[guard]}`, found.at)
    return textOf(found) ?? ''
  }
  return Object.fromEntries(guards.map((guard) => [guardFields[guard], wordOf(guard)]))
}

const none: AntiSpoofing = { mac: '', ip: '', arp: '', nd: '', dhcpServer: '', ra: '' }

/**
 * With a word where it is not what goes without saying, so that empty means on: `ip` has one in any case where the node passes on what
 * others sent. undefined where nothing is left to say. Idempotent.
 */
export const normalAntiSpoofing = (spoofing: AntiSpoofing | undefined, passesOn: boolean): AntiSpoofing | undefined => {
  const said = spoofing ?? none
  const normal = Object.fromEntries(
    guards.map((guard) => {
      const word = said[guardFields[guard]]
      if (guard === 'ip' && passesOn) return ['ip', word || 'off']
      return [guardFields[guard], word === 'on' ? '' : word]
    }),
  ) as unknown as AntiSpoofing
  return guards.some((guard) => normal[guardFields[guard]] !== '') ? normal : undefined
}

/** Those that compare with the interface's own IP addresses. ARP is also held against its MAC address. */
const needAddresses: ReadonlySet<Guard> = new Set(['ip', 'nd'])

/** The guards that are on, of an interface in the normal form; without those that have nothing to compare with. */
export const guardsAt = ({
  antiSpoofing,
  addresses,
}: Pick<Interface, 'antiSpoofing' | 'addresses'>): readonly Guard[] =>
  guards.filter((guard) => {
    const isOn = (antiSpoofing ?? none)[guardFields[guard]] !== 'off'
    return isOn && (addresses.length > 0 || !needAddresses.has(guard))
  })
