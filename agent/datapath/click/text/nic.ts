/** Pure: the configuration at an underlay NIC. Its table is changed by handlers, so that no link's coming and going makes another text of it. */
import { type Attach, type Named, numbered } from './part.ts'

export const nicText = (nic: Named, attach: Attach): string =>
  [
    `// Links that come in by ${nic.name}: what is of none of them is the host's.`,
    `FromDevice(${nic.name}, ATTACH ${attach}) ${numbered(nic)}`,
    '    -> links :: LinkSwitch',
    `    -> ToHost(${nic.name});`,
    '',
  ].join('\n')
