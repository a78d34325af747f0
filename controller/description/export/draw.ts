/** Pictures of a VNet, for people: nothing is told that a picture leaves out. */
import { drawDot } from './dot.ts'
import { drawMermaid } from './mermaid.ts'
import type { ExportSource } from './source.ts'

export const draw = async (
  source: ExportSource,
  form: 'dot' | 'mermaid' | 'svg',
  overSubstrate: boolean,
): Promise<string> => {
  if (form === 'dot') return drawDot(source, overSubstrate)
  if (form === 'mermaid') return drawMermaid(source, overSubstrate)
  return (await import('./svg.ts')).drawSvg(source, overSubstrate)
}
