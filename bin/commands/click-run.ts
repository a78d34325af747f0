/** `weft click run`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CapturedPacket, ethernetLinkType, PcapError, readPcap, writePcap } from '../../agent/click/pcap.ts'
import { type Input, runOnPackets } from '../../agent/click/run/run.ts'
import { configure } from '../../click/element.ts'
import { toDevice } from '../../click/elements/to-device.ts'
import type { Graph } from '../../click/graph.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { WeftError } from '../../proto/errors.ts'
import type { clickRunFlags } from '../declare-click-run.ts'
import { readClickGraph } from '../read-click.ts'

export const run: Run<typeof clickRunFlags> = async (context, { args, flags }) => {
  const graph = await readClickGraph(context, args[0], flags)
  if (!graph) return exit.error
  const handlers = (flags.handlers ?? '').split(',').filter((name) => name !== '')
  refuseFileNames(graph)
  const result = await runOnPackets(graph, flags.in.map(readInput), handlers)
  mkdirSync(flags.out, { recursive: true })
  const files = new Map<string, readonly CapturedPacket[]>([...result.outputs, ['host', result.host]])
  for (const [device, packets] of files) {
    writeFileSync(join(flags.out, `${device}.pcap`), writePcap({ linkType: ethernetLinkType, packets }))
  }
  context.stdout.write(`${JSON.stringify(Object.fromEntries(result.handlers))}\n`)
  return exit.ok
}

/** What leaves by a device is to be in a file of its name, beside that of the host. */
const refuseFileNames = ({ elements }: Graph): void => {
  for (const { class: className, configuration, landmark, name } of elements) {
    if (className !== 'ToDevice') continue
    const device = toDeviceName(configuration)
    if (device !== 'host' && !device.includes('/')) continue
    const where = { object: `element/${name}`, where: landmark }
    throw new WeftError('config.invalid', `there can be no file ${device}.pcap of ToDevice(${device})`, where)
  }
}

const toDeviceName = (configuration: string): string =>
  configure(toDevice, configuration, { inputs: 1, outputs: 0 }).configured?.values.DEVNAME ?? ''

const readInput = (text: string): Input => {
  const [, device = '', file = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (device === '') throw new WeftError('config.invalid', `--in ${text}: should be DEV=FILE`)
  try {
    const { linkType, packets } = readPcap(readFileSync(file))
    if (linkType === ethernetLinkType) return { device, packets }
    throw new PcapError(`link type ${linkType} is not Ethernet`)
  } catch (error) {
    if (error instanceof WeftError) throw error
    throw new WeftError('config.invalid', `--in ${text}: ${(error as Error).message}`, { cause: error })
  }
}
