/** The commands that read and write a VNet in others' forms. */
import { exportForms } from '../description/export/forms.ts'
import { foreignForms } from '../description/import/forms.ts'
import { formatPercent, parsePercent } from '../description/units.ts'
import { type Command, defineCommand } from './command.ts'
import { roleFlag } from './flags.ts'

/** What a request is read from. */
export const readForms = ['yaml', 'xml', 'json', ...foreignForms] as const

/** Throws an Error that says what would be right. */
const millionths = (text: string): number => {
  const parsed = parsePercent(text)
  if ('value' in parsed && parsed.value > 0) return parsed.value
  throw new Error(`a share such as ${formatPercent(1000).replace(' ', '')}, at most 100%`)
}

const toFlag = {
  to: { value: 'FORM', choices: exportForms, default: 'yaml', text: 'the form to write', typed: true },
} as const

export const convertFlags = {
  from: {
    value: 'FORM',
    choices: readForms,
    text: 'the form of the file; what its name and text say without it',
    typed: true,
  },
  ...toFlag,
  speeds: {
    value: 'SHARE',
    parse: millionths,
    typed: true,
    text: 'of a graph: the rate of a link is this share of the speed of its line; none without it',
  },
} as const

export const exportFlags = { ...toFlag, ...roleFlag } as const

export const graphFlags = {
  to: {
    value: 'FORM',
    choices: ['dot', 'mermaid', 'svg'],
    default: 'svg',
    text: 'the form of the picture',
    typed: true,
  },
  substrate: { text: 'laid over the hosts and links that carry it' },
  ...roleFlag,
} as const

const vnet = { name: 'VNET', text: 'name of a VNet' } as const

export const formatCommands: readonly Command[] = [
  defineCommand({
    name: 'convert',
    group: 'VNets',
    summary: 'write the request in a file in another form',
    details: `
Reads what apply reads. What a form has no place for is told on stderr, with its line. docs/formats.md says what becomes of what.`,
    arguments: [{ name: 'FILE', text: 'the request; - for stdin' }],
    flags: convertFlags,
    examples: [
      ['weft convert shop.xml', 'as YAML'],
      ['weft convert lab.clab.yml --to xml', 'a lab of containerlab'],
      ['weft convert Abilene.gml --speeds 0.1% | weft apply -f -', '10 Gbit/s become 10 Mbit/s'],
    ],
    load: () => import('./commands/convert.ts'),
  }),
  defineCommand({
    name: 'export',
    group: 'VNets',
    summary: 'write a VNet as it stands, with its hosts and addresses as far as the form has a place for them',
    details: `
An RSpec is a manifest; RFC 8345 has the substrate too, and what of it supports what. Other forms have the request, with all that was allocated.
By --role pip the substrate is the PIP's own; else what the VNet's hosts and paths show of it.`,
    arguments: [vnet],
    flags: exportFlags,
    examples: [
      ['weft export shop --to rspec', 'a manifest'],
      ['weft export shop --to rfc8345', ''],
    ],
    load: () => import('./commands/export.ts'),
  }),
  defineCommand({
    name: 'graph',
    group: 'VNets',
    summary: 'draw a VNet, or the VNet laid over its substrate',
    arguments: [vnet],
    flags: graphFlags,
    examples: [
      ['weft graph shop > shop.svg', ''],
      ['weft graph shop --substrate --to dot | dot -Tpng > shop.png', 'by Graphviz'],
    ],
    load: () => import('./commands/graph.ts'),
  }),
]
