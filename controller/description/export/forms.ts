/** Forms that a request, or a VNet that stands, is written in. */
import { formatRequest } from '../format.ts'
import type { Format } from '../text.ts'
import type { Exported, ExportSource } from './source.ts'

export const exportForms = [
  'yaml',
  'xml',
  'json',
  'rspec',
  'containerlab',
  'graphml',
  'rfc8345',
  'dot',
  'mermaid',
] as const

export type ExportForm = (typeof exportForms)[number]

const isOurs = (form: ExportForm): form is ExportForm & Format => form === 'yaml' || form === 'xml' || form === 'json'

/** Writers are loaded when they are needed. */
export const exportAs = async (source: ExportSource, form: ExportForm): Promise<Exported> => {
  if (isOurs(form)) return { text: await formatRequest(source.request, form), losses: [] }
  if (form === 'rspec') return (await import('./rspec.ts')).exportRspec(source)
  if (form === 'containerlab') return (await import('./containerlab.ts')).exportContainerlab(source)
  if (form === 'graphml') return (await import('./graphml.ts')).exportGraphml(source)
  if (form === 'rfc8345') return (await import('./rfc8345.ts')).exportRfc8345(source)
  if (form === 'dot') return (await import('./dot.ts')).exportDot(source)
  return (await import('./mermaid.ts')).exportMermaid(source)
}
