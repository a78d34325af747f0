/** What was asked of nodes and links, in few words: '' for what goes without saying. */
import type { Impairment, Link, Node } from '../../../proto/generated/weft.v1.ts'
import { guardFields, guards } from '../../description/anti-spoofing.ts'
import { outlineImpairment, outlineImpairments } from '../../description/impairments.ts'

const amounts = (impairment: ReturnType<typeof outlineImpairment>): string =>
  Object.entries(impairment)
    .map(([key, amount]) => `${key} ${amount}`)
    .join(', ')

/** "delay 10 ms, loss 0.1 %", or "a to b: delay 10 ms; b to a: loss 1 %" where the directions differ. */
export const impairmentsText = (asked: Link | undefined): string => {
  const outline = asked && outlineImpairments(asked)
  if (!outline) return ''
  if (outline.both) return amounts(outline.both)
  const direction = (name: string, impairment: Impairment | undefined): readonly string[] => {
    const text = impairment ? amounts(outlineImpairment(impairment)) : ''
    return text === '' ? [] : [`${name}: ${text}`]
  }
  return [...direction('a to b', asked.impairmentAToB), ...direction('b to a', asked.impairmentBToA)].join('; ')
}

/** "eth0 without ip, ra; eth1 off" of interfaces where something is off. */
export const spoofingText = (asked: Node | undefined): string =>
  (asked?.interfaces ?? [])
    .flatMap(({ index, antiSpoofing }) => {
      const off = guards.filter((guard) => antiSpoofing?.[guardFields[guard]] === 'off')
      if (off.length === 0) return []
      return [`eth${index} ${off.length === guards.length ? 'off' : `without ${off.join(', ')}`}`]
    })
    .join('; ')

/** Interfaces that have it. */
export const ownClickText = (asked: Node | undefined): string =>
  (asked?.interfaces ?? []).flatMap(({ index, click }) => (click === '' ? [] : [`eth${index}`])).join(' ')
