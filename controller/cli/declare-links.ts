/** The commands on links. */
import { delay, formatPercent, parsePercent, parseQuantity, rate } from '../description/units.ts'
import { type Command, defineCommand } from './command.ts'
import { timeoutFlag } from './flags.ts'

/** Throws an Error that says what would be right. */
const bitsPerSecond = (text: string): number => {
  if (text === 'none') return 0
  const parsed = parseQuantity(rate, text)
  if ('value' in parsed) return parsed.value
  throw new Error('a bandwidth such as 10Mbit/s, or none')
}

const microseconds = (text: string): number => {
  const parsed = parseQuantity(delay, text, 0)
  if ('value' in parsed) return parsed.value
  throw new Error('a time such as 10ms, at most 60s')
}

const millionths = (text: string): number => {
  const parsed = parsePercent(text)
  if ('value' in parsed) return parsed.value
  throw new Error(`a share such as ${formatPercent(1000).replace(' ', '')}`)
}

const time = { value: 'TIME', parse: microseconds, typed: true } as const
const share = { value: 'SHARE', parse: millionths, typed: true } as const

export const linkSetFlags = {
  rate: { value: 'RATE', parse: bitsPerSecond, text: 'bandwidth, or none for best effort', typed: true },
  delay: { ...time, text: 'added to the delay of the path' },
  jitter: { ...time, text: 'how far the delay of a frame may be from that' },
  loss: { ...share, text: 'share of all frames that are lost' },
  duplicate: { ...share, text: 'share of all frames that arrive twice' },
  reorder: { ...share, text: 'share of all frames that are sent at once while the others wait' },
  clear: { text: 'without the delay, loss and so on that it had', typed: true },
  direction: {
    value: 'DIRECTION',
    choices: ['both', 'a-to-b', 'b-to-a'],
    default: 'both',
    text: 'of which the rate and the impairments are; a is the first end',
    typed: true,
  },
  down: { text: 'as if unplugged', typed: true },
  up: { text: 'plugged in again', typed: true },
  vnet: { value: 'VNET', text: 'the VNet that the link is of' },
  ...timeoutFlag('1m', 'longest time for the outcome'),
} as const

export const linkCommands: readonly Command[] = [
  defineCommand({
    name: 'link set',
    group: 'VNets',
    summary: 'change a link while it works: rate, impairments, up and down',
    details: `
A new version of the VNet's request with that changed: the same as to change its file and apply it, which says more (docs/requests.md).
The file does not know of it: apply that again, and the link is as it says. If someone else changed the VNet in the meantime, nothing is done.

Exit status: 0 accepted or unchanged, 1 refused, 3 postponed.`,
    arguments: [{ name: 'LINK', text: 'VNET/LINK, or LINK alone where only one VNet has it' }],
    flags: linkSetFlags,
    examples: [
      ['weft link set shop/r1-r2 --rate 20Mbit/s', 'in both directions'],
      ['weft link set shop/r1-r2 --delay 10ms --loss 1% --direction a-to-b', ''],
      ['weft link set shop/r1-r2 --down', ''],
      ['weft link set shop/r1-r2 --up --clear', 'as it was'],
    ],
    load: () => import('./commands/link-set.ts'),
  }),
]
