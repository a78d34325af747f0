/** Text of XML elements, for forms of others. */

export type XmlAttributes = Readonly<Record<string, string | number | undefined>>

/** Lines of an element with what is in it; attributes that are undefined or empty are left out. */
export const xmlElement = (
  name: string,
  attributes: XmlAttributes,
  inside: readonly string[] = [],
): readonly string[] => {
  const start = `<${name}${Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join('')}`
  if (inside.length === 0) return [`${start}/>`]
  return [`${start}>`, ...inside.map((line) => `  ${line}`), `</${name}>`]
}

/** White space other than a blank would be read as a blank in an attribute (XML 1.0, 3.3.3). */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"\t\n\r\u0085\u2028]/g, (c) => entities[c] ?? `&#${c.charCodeAt(0)};`)

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export const xmlDocument = (root: readonly string[]): string =>
  `${['<?xml version="1.0" encoding="UTF-8"?>', ...root].join('\n')}\n`
