import { readFileSync } from 'node:fs'
import t from 'tap'
import { overheadBytes, technologies, technologyNames } from '../../../proto/technologies.ts'
import { parseSubstrate } from '../parse.ts'

const page = readFileSync(new URL('../../../docs/substrate.md', import.meta.url), 'utf8')

t.test('the substrate on the page is one', async (t) => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  const substrate = parseSubstrate(text, 'substrate.md')
  t.same(
    substrate.nodes.map(({ id, kind, tunnelPrefix }) => `${kind} ${id} ${tunnelPrefix}`.trim()),
    ['host h1 198.18.1.0/24', 'host h2 198.18.2.0/24', 'host h3', 'switch rack', 'fabric wan'],
  )
  t.equal(substrate.links.length, 4)
})

t.test('the page says of each technology what the table of technologies does', async (t) => {
  for (const name of technologyNames) {
    const crosses = technologies[name].crosses ? 'yes' : 'no'
    const row = new RegExp(`^\\| \`${name}\` \\| ${crosses} \\| .* \\| ${overheadBytes(name)} \\|$`, 'm')
    t.match(page, row, name)
  }
})
