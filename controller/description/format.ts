/** A valid request as a file, so that parsing the file gives the same request: for `-o yaml`, for export, for editing. */
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { formatXml } from './format-xml.ts'
import { outline } from './outline.ts'
import type { Format } from './text.ts'

/** `yaml` is loaded when it is needed. */
export const formatRequest = async (request: VNetRequest, format: Format): Promise<string> => {
  if (format === 'xml') return formatXml(request)
  if (format === 'json') return `${JSON.stringify(outline(request), null, 2)}\n`
  const { formatYaml } = await import('./format-yaml.ts')
  return formatYaml(request)
}
