import { readFileSync } from 'node:fs'
import t from 'tap'
import { maxFileBytes, maxLinks, maxNodes, maxRequestBytes, technologies } from '../limits.ts'
import { parseRequest } from '../parse.ts'
import { keysOf } from '../schema.ts'

const text = readFileSync(new URL('../../../docs/requests.md', import.meta.url), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

t.test('every example in docs/requests.md is a valid request', async (t) => {
  const found = [...blocks('yaml'), ...blocks('xml')]
  t.equal(found.length, 4)
  for (const block of found) {
    const parsed = await parseRequest(block, { file: 'docs' }).catch((thrown) => thrown)
    t.ok(parsed.request, `${block.slice(0, 60)}: ${parsed.message ?? 'valid'}`)
  }
})

t.test('the long example is the same request in both forms', async (t) => {
  const [xml = ''] = blocks('xml')
  const [, yaml = ''] = blocks('yaml')
  t.same((await parseRequest(xml)).request, (await parseRequest(yaml)).request)
})

t.test('every key, technology and limit stands in docs/requests.md', async (t) => {
  for (const owner of ['', 'node', 'location', 'cpu', 'interface', 'start-up', 'file', 'link']) {
    for (const key of keysOf(owner)) t.ok(text.includes(`\`${key}\``), `${owner}.${key}`)
  }
  for (const technology of technologies) t.ok(text.includes(`\`${technology}\``), technology)
  const tables = text.replace(/ +/g, ' ')
  for (const limit of [`${maxNodes}, ${maxLinks}`, `${maxFileBytes / 2 ** 20} MiB`, `${maxRequestBytes / 1024} KiB`]) {
    t.ok(tables.includes(`| ${limit} |`), limit)
  }
})
