/** RandomSample, by the kernel's generator (bpf_get_prandom_u32). The handlers change what holds for the packets that come after. */
import { isRefusal } from '../../../click/arguments/types.ts'
import { randomSample as of, probability } from '../../../click/elements/random-sample.ts'
import { and, call, jeq, jlt, jump, label, mov } from '../../ebpf/asm/asm.ts'
import { compileElement } from '../compile/element.ts'
import { countIn, loadSlot } from '../compile/state.ts'
import { type ElementState, HandlerError, readSlot } from '../handlers.ts'
import { activeHandler, activeSlot } from './active.ts'

/** What probabilities are parts of, as in Click. */
const whole = 2 ** 28

const partsOf = (share: number): bigint => BigInt(Math.round(share * whole))

/** As it was written, where that had no more than eight digits. */
const format = (parts: number): string => `${Number((parts / whole).toFixed(8))}`

const read = ({ get }: ElementState): number => Number(get('sampling_prob'))

const parsed = (text: string): number => {
  const value = probability.parse(text)
  if (isRefusal(value)) throw new HandlerError(value.refused)
  return value
}

export const randomSample = compileElement(of, {
  slots: ({ values }) => {
    const { P, SAMPLE = P, DROP = 0 } = values
    return { sampling_prob: partsOf(SAMPLE ?? 1 - DROP), drops: 0n, ...activeSlot(values) }
  },
  settings: ['sampling_prob', 'active'],
  compile: ({ packet, output, outputLabel, newLabel, slot }) => {
    const pass = newLabel('pass')
    return [
      loadSlot('r0', slot('active')),
      jeq('r0', 0, pass),
      call('getPrandomU32'),
      and('r0', whole - 1),
      mov('r2', 'r0'),
      loadSlot('r1', slot('sampling_prob')),
      jlt('r2', 'r1', pass),
      countIn(slot('drops')),
      jump(outputLabel(1, packet)),
      label(pass),
      output(0, packet),
    ]
  },
  modifies: false,
  takesTag: true,
  handlers: {
    sampling_prob: {
      read: (state) => format(read(state)),
      write: ({ set }, text) => set('sampling_prob', partsOf(parsed(text))),
    },
    drop_prob: {
      read: (state) => format(whole - read(state)),
      write: ({ set }, text) => set('sampling_prob', partsOf(1 - parsed(text))),
    },
    ...activeHandler,
    drops: readSlot('drops'),
  },
})
