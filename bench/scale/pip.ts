/** The PIP as a process of its own, which tells what it takes when it is asked: `node bench/scale/pip.ts DIRECTORY BROKER`. */
import { join } from 'node:path'
import { runPip } from '../../controller/pip/run.ts'

/** Of the whole process, with its threads. */
export interface Taken {
  readonly cpuSeconds: number
  /** Of the main thread's event loop, which decides. */
  readonly busySeconds: number
  readonly residentBytes: number
}

const [directory = '', brokerUrl = ''] = process.argv.slice(2)

await runPip({
  name: 'pip1',
  domain: 'pip1',
  brokerUrl,
  substrateFile: join(directory, 'substrate.yaml'),
  storePath: join(directory, 'pip.sqlite'),
  socketPath: join(directory, 'pip.sock'),
  logLevel: 'warn',
})

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const taken: Taken = {
    cpuSeconds: (user + system) / 1e6,
    busySeconds: performance.eventLoopUtilization().active / 1000,
    residentBytes: process.memoryUsage.rss(),
  }
  process.send?.(taken)
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
