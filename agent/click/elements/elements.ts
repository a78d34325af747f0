/** Every element that is compiled, by its class. One that is not here is refused. */
import type { AnyElementCode } from '../compile/element.ts'
import { checkPaint } from './check-paint.ts'
import { classifier } from './classifier.ts'
import { counter } from './counter.ts'
import { discard } from './discard.ts'
import { fromDevice } from './from-device.ts'
import { idle } from './idle.ts'
import { ipClassifier } from './ip-classifier.ts'
import { ipFilter } from './ip-filter.ts'
import { nullElement } from './null.ts'
import { paint } from './paint.ts'
import { paintSwitch } from './paint-switch.ts'
import { paintTee } from './paint-tee.ts'
import { queue } from './queue.ts'
import { staticSwitch } from './static-switch.ts'
import { strip } from './strip.ts'
import { stripToNetworkHeader } from './strip-to-network-header.ts'
import { switchElement } from './switch.ts'
import { tee } from './tee.ts'
import { toDevice } from './to-device.ts'
import { truncate } from './truncate.ts'
import { unstrip } from './unstrip.ts'

export const elementCodes: readonly AnyElementCode[] = [
  checkPaint,
  classifier,
  counter,
  discard,
  fromDevice,
  idle,
  ipClassifier,
  ipFilter,
  nullElement,
  paint,
  paintSwitch,
  paintTee,
  queue,
  staticSwitch,
  strip,
  stripToNetworkHeader,
  switchElement,
  tee,
  toDevice,
  truncate,
  unstrip,
]

const byClass: ReadonlyMap<string, AnyElementCode> = new Map(elementCodes.map((code) => [code.of.name, code]))

export const elementCode = (name: string): AnyElementCode | undefined => byClass.get(name)
