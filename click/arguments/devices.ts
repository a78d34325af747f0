/** What FromDevice and ToDevice have in common: arguments about devices that come and go, of Click's kernel driver. */
import { boolean } from './numbers.ts'
import { keyword } from './spec.ts'
import { anything } from './text.ts'

export const deviceArguments = {
  QUIET: keyword(boolean, 'without effect: says nothing of devices that come and go', 'false'),
  ALLOW_NONEXISTENT: keyword(boolean, 'takes a device that is not there yet', 'false'),
  UP_CALL: keyword(anything, "'HANDLER [VALUE]': what is written when the device comes up"),
  DOWN_CALL: keyword(anything, "'HANDLER [VALUE]': what is written when the device goes down"),
} as const
