import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { maxFileBytes } from '../limits.ts'
import { parseRequest, RequestErrors } from '../parse.ts'

/** Refused with this code within a time that a bomb would exceed by far, on a slow machine too. */
const refused = async (input: string | Uint8Array, file: string): Promise<RequestErrors> => {
  const start = performance.now()
  const thrown = await parseRequest(input, { file }).then(
    () => new Error('accepted'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof RequestErrors)) throw thrown
  const seconds = (performance.now() - start) / 1000
  if (seconds > 30) throw new Error(`took ${seconds} s`)
  return thrown
}

const codes = ({ errors }: RequestErrors): readonly string[] => [...new Set(errors.map(({ code }) => code))]

t.test('XML entities are never expanded, and nothing is read or fetched for them', async (t) => {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
  const head = `<!ENTITY l0 "lol">${laughs}`
  const vnet = (town: string) =>
    `<vnet xmlns="https://weft.dev/vnet/1" name="a"><nodes><node id="a" location="${town}"/></nodes></vnet>`
  t.same(codes(await refused(`<!DOCTYPE vnet [${head}]>${vnet('&l9;')}`, 'bomb.xml')), ['request.syntax'])
  const quadratic = `<!DOCTYPE vnet [<!ENTITY a "${'x'.repeat(50_000)}">]>${vnet('&a;'.repeat(50_000))}`
  t.same(codes(await refused(quadratic, 'bomb.xml')), ['request.syntax'])

  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  for (const prolog of [
    '<!DOCTYPE vnet [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    `<!DOCTYPE vnet [<!ENTITY % x SYSTEM "${url}/x.dtd"> %x;]>`,
    `<!-- <vnet/> --><?pi ?>\n<!DOCTYPE vnet SYSTEM "${url}/x.dtd">`,
  ]) {
    const { errors } = await refused(prolog + vnet('&x;'), 'external.xml')
    t.match(errors[0], { code: 'request.syntax', message: /document type/ })
  }
  // A schema that the document names is not loaded either.
  const schemaLocation = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:other ${url}/x.xsd"`
  const included = `xmlns:xi="http://www.w3.org/2001/XInclude"`
  await parseRequest(vnet('x').replace('<vnet', `<vnet ${schemaLocation}`), { file: 'schema.xml' }).catch(
    () => undefined,
  )
  await refused(vnet('x').replace('<node ', `<xi:include ${included} href="file:///etc/passwd"/><node `), 'include.xml')
  t.same(asked, [])
})

t.test('YAML aliases are counted before anything is unfolded', async (t) => {
  const letters = [...'abcdefghijkl']
  const lines = letters.map((letter, i) => {
    const inside = i === 0 ? '1' : `*${letters[i - 1]}`
    return `${letter}: &${letter} [${Array(10).fill(inside).join(', ')}]`
  })
  const { errors } = await refused(`${lines.join('\n')}\n`, 'bomb.yaml')
  t.match(errors, [{ code: 'request.too-large', message: /too many values/, where: /bomb.yaml:\d+/ }])
  t.equal(errors.length, 1)
})

t.test('an alias that is no bomb works', async (t) => {
  const { request } = await parseRequest('vnet: a\nnodes: { a: &n { memory: 64 MiB }, b: *n }\n', { file: 'f.yaml' })
  t.same(
    request.nodes.map(({ memoryBytes }) => memoryBytes),
    [67108864, 67108864],
  )
})

t.test('deep nesting is refused', async (t) => {
  for (const [file, text] of [
    ['deep.yaml', `a: ${'['.repeat(100_000)}`],
    ['deep.yaml', '{a: '.repeat(100_000)],
    ['deep.yaml', Array.from({ length: 2500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['deep.yaml', '- '.repeat(100_000)],
    ['deep.json', '['.repeat(1_000_000)],
    ['deep.json', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['deep.xml', '<vnet>'.repeat(100_000)],
  ] as const) {
    const errors = await refused(text, file)
    t.ok(
      codes(errors).every((code) => code === 'request.syntax' || code === 'request.too-large'),
      `${file} ${text.slice(0, 9)}`,
    )
  }
})

t.test('a file of more than 4 MiB is refused unread', async (t) => {
  const { errors } = await refused(Buffer.alloc(maxFileBytes + 1, 0x20), 'large.yaml')
  t.match(errors, [{ code: 'request.too-large', message: /4194305 bytes/, where: 'large.yaml' }])
  for (const file of ['full.yaml', 'full.xml', 'full.json']) await refused('a'.repeat(maxFileBytes), file)
  t.match(await refused('{'.repeat(maxFileBytes), 'braces.yaml'), {
    errors: [{ code: 'request.syntax', message: /deeply/ }],
  })
  t.match(await refused(`[${','.repeat(maxFileBytes - 1)}`, 'commas.yaml'), { errors: [{ code: 'request.too-large' }] })
})

t.test('ten thousand nodes or links are refused in one error', async (t) => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `n${i}`)
  const forms = {
    'many.yaml': `vnet: a\nnodes:\n${ids.map((id) => `  ${id}: {}`).join('\n')}\n`,
    'many.json': JSON.stringify({ vnet: 'a', nodes: Object.fromEntries(ids.map((id) => [id, {}])) }),
    'many.xml': `<vnet xmlns="https://weft.dev/vnet/1" name="a">\n<nodes>${ids.map((id) => `<node id="${id}"/>`).join('\n')}</nodes></vnet>`,
  }
  for (const [file, text] of Object.entries(forms)) {
    const { errors, omitted } = await refused(text, file)
    t.match(errors, [{ code: 'request.too-large', object: 'vnet/a', message: /10000 nodes/, hint: /1000/ }], file)
    t.match(errors[0]?.where, file === 'many.json' ? /^many.json:1/ : new RegExp(`^${file}:2`))
    t.equal(errors.length + omitted, 1)
  }
  const links = ids.map((id) => `  ${id}: [a, b]`).join('\n')
  t.match(await refused(`vnet: a\nnodes: { a: {}, b: {} }\nlinks:\n${links}\n`, 'links.yaml'), {
    errors: [{ code: 'request.too-large', where: 'links.yaml:3:1', message: /10000 links/, hint: /4000/ }],
  })
})

t.test('what would not fit into a message is refused', async (t) => {
  const nodes = Array.from({ length: 1000 }, (_, i) => `  ${`node-${i}-`.padEnd(40, 'x')}: {}`).join('\n')
  const links = Array.from({ length: 2000 }, (_, i) => {
    const end = (k: number) => `node-${k % 1000}-`.padEnd(40, 'x')
    return `  l${i}: [${end(i)}, ${end(i + 1)}]`
  })
  t.match(await refused(`vnet: a\nnodes:\n${nodes}\nlinks:\n${links.join('\n')}\n`, 'wide.yaml'), {
    errors: [{ code: 'request.too-large', object: 'vnet/a', message: /bytes as a message/, where: 'wide.yaml:2:1' }],
  })
})

t.test('defaults and variables do not multiply texts without end', async (t) => {
  const nodes = Array.from({ length: 1000 }, (_, i) => `  n${i}: {}`).join('\n')
  const value = 'x'.repeat(100_000)
  const text = `vnet: a
defaults:
  variables: { v: ${value} }
  start-up: { files: { /a: "${'{{v}}'.repeat(100_000)}", /b: { source: b } } }
nodes:
${nodes}
`
  const folder = mkdtempSync(join(tmpdir(), 'weft-bombs-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'b'), 'y'.repeat(60_000))
  const before = process.memoryUsage().rss
  t.match(await refused(text, join(folder, 'f.yaml')), {
    errors: [{ code: 'request.too-large', object: 'vnet/a', message: /start-up texts/ }],
  })
  t.ok(process.memoryUsage().rss - before < 1e9, 'memory stays bounded')
})
