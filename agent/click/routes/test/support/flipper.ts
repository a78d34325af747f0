/** A thread that changes the routes of a table in shared memory until it is told to stop, as a handler's process would. */
import { parentPort, workerData } from 'node:worker_threads'
import { waitForPrograms } from '../../../../ebpf/grace.ts'
import { pinnedMap } from '../../../../ebpf/pins.ts'
import { openTable } from '../../open.ts'
import type { TableRoute } from '../../table.ts'
import { randomNumbers } from './realistic.ts'

export interface FlipperData {
  /** Of the table's map. */
  readonly pin: string
  /** Set where it shall end. */
  readonly stop: SharedArrayBuffer
  /** Routes that come, go and change; whatever there is of them, every address has one of the outputs that it may have. */
  readonly routes: readonly TableRoute[]
}

const { pin, stop, routes } = workerData as FlipperData
const map = pinnedMap(pin)
if (!map) throw new Error(`nothing at ${pin}`)
const table = openTable(map.memory(), waitForPrograms)
const next = randomNumbers(99)
let changes = 0
for (const flag = new Int32Array(stop); Atomics.load(flag, 0) === 0; changes++) {
  const route = routes[next() % routes.length]
  if (!route) continue
  if (next() % 2 === 0) table.remove(route)
  else if (!table.put({ ...route, gateway: (route.gateway + (next() % 4)) >>> 0 })) throw new Error('no room')
}
map.close()
parentPort?.postMessage(changes)
