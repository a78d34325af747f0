import { readFileSync } from 'node:fs'
import t from 'tap'
import { ownLimits, ownRefused } from '../../../click/own.ts'
import { maxFileBytes, maxLinks, maxNodes, maxRequestBytes, technologies } from '../limits.ts'
import { parseRequest } from '../parse.ts'
import { keysOf } from '../schema.ts'

const text = readFileSync(new URL('../../../docs/requests.md', import.meta.url), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

t.test('every example in docs/requests.md is a valid request', async (t) => {
  const found = [...blocks('yaml'), ...blocks('xml')]
  t.equal(found.length, 10)
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

t.test('the example of a whole VNet is the same request in both forms', async (t) => {
  const [xml = '', yaml = ''] = ['xml', 'yaml'].map((form) => blocks(form).find((block) => block.includes('cluster')))
  const { request } = await parseRequest(xml)
  t.same((await parseRequest(yaml)).request, request)
  t.match(request, { lifetimeSeconds: 8 * 3600, priority: 10, placement: 'packed' })
  t.match(request.affinity, [{ kind: 'apart', nodes: ['db-1', 'db-2'] }, { kind: 'together' }])
})

t.test('the example with impairments is the same request in both forms', async (t) => {
  const xml = blocks('xml').at(-1) ?? ''
  const yaml = blocks('yaml').at(-1) ?? ''
  const { request } = await parseRequest(xml)
  t.same((await parseRequest(yaml)).request, request)
  t.match(request.links[0], {
    impairmentAToB: { delayMicroseconds: 1_300_000, lossMillionths: 1000, reorderMillionths: 0 },
    impairmentBToA: { delayMicroseconds: 1_300_000, jitterMicroseconds: 10_000, lossMillionths: 20_000 },
  })
})

t.test('what an own Click may not hold, and its limits, stand in docs/requests.md', async (t) => {
  for (const name of ownRefused.keys()) t.ok(text.includes(`\`${name}\``), name)
  const plain = text.replace(/\s+/g, ' ')
  const { bytes, elements, tables } = ownLimits
  t.ok(plain.includes(`At most ${bytes / 1024} KiB, ${elements} elements`))
  t.ok(plain.includes(`${tables} elements with tables`))
})

t.test('every key, technology and limit stands in docs/requests.md', async (t) => {
  for (const owner of [
    '',
    'node',
    'location',
    'cpu',
    'interface',
    'anti-spoofing',
    'start-up',
    'file',
    'link',
    'impairments',
  ]) {
    for (const key of keysOf(owner)) t.ok(text.includes(`\`${key}\``), `${owner}.${key}`)
  }
  for (const technology of technologies) t.ok(text.includes(`\`${technology}\``), technology)
  const tables = text.replace(/ +/g, ' ')
  for (const limit of [`${maxNodes}, ${maxLinks}`, `${maxFileBytes / 2 ** 20} MiB`, `${maxRequestBytes / 1024} KiB`]) {
    t.ok(tables.includes(`| ${limit} |`), limit)
  }
})
