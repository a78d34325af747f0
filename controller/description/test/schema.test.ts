import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import t from 'tap'
import { guards, guardWords } from '../anti-spoofing.ts'
import { formatRequest } from '../format.ts'
import { impairmentAmounts } from '../impairments.ts'
import {
  allocations,
  forwardings,
  hypervisors,
  maxInterfaceIndex,
  nodeForwardings,
  physicals,
  placements,
  recoveries,
  restartPolicies,
  technologies,
} from '../limits.ts'
import { jsonSchema, keysOf, readXsd } from '../schema.ts'
import { bytes, delay, lifetime, rate } from '../units.ts'
import { xmlVocabulary } from '../xml-errors.ts'
import { createRandom, randomRequest } from './random.ts'

const xsdPath = new URL('../schema/weft-vnet-1.xsd', import.meta.url).pathname
const xs = { xs: 'http://www.w3.org/2001/XMLSchema' }

t.test('the JSON Schema compiles strictly', async (t) => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(jsonSchema())
  t.ok(validate({ vnet: 'a', nodes: { x: null } }))
})

t.test('the JSON Schema knows the words and units of the model', async (t) => {
  const { definitions = {}, properties = {} } = jsonSchema()
  t.same(definitions['hypervisor']?.enum, hypervisors)
  t.same(definitions['technology']?.enum, technologies)
  t.same(definitions['allocation']?.enum, allocations)
  t.same(definitions['restart']?.enum, restartPolicies)
  t.same(definitions['recovery']?.enum, recoveries)
  t.same(definitions['interface']?.properties?.['forwarding']?.enum, forwardings)
  t.same(definitions['interface']?.properties?.['physical']?.enum, physicals)
  t.same(definitions['node-forwarding']?.enum, nodeForwardings)
  t.same(definitions['on-or-off']?.enum, guardWords)
  t.same((properties['placement']?.enum ?? []).toSorted(), placements.toSorted())
  t.same(keysOf('anti-spoofing'), guards)
  t.same(keysOf('impairment'), Object.keys(impairmentAmounts))
  const pattern = (name: string) => new RegExp((definitions[name] as { pattern: string }).pattern)
  for (const unit of Object.keys(bytes.units)) t.match(`1 ${unit}`, pattern('memory'))
  for (const unit of Object.keys(rate.units)) t.match(`1.5${unit}`, pattern('rate'))
  for (const unit of Object.keys(delay.units)) {
    for (const kind of ['delay', 'added-delay', 'jitter']) t.match(`1 ${unit}`, pattern(kind))
  }
  const lifetimes = new RegExp((properties['lifetime'] as { pattern: string }).pattern)
  for (const unit of Object.keys(lifetime.units)) t.match(`90 ${unit}`, lifetimes)
  t.match('0.1 %', pattern('percent'))
  t.match(`a.${maxInterfaceIndex}`, pattern('end'))
  t.notMatch(`a.${maxInterfaceIndex + 1}`, pattern('end'))
})

/** Attributes and child elements of each element, as the XSD declares them. */
const xsdWords = (document: XmlDocument): Map<string, { attributes: string[]; children: string[] }> => {
  const names = (from: XmlElement, path: string) =>
    from.find(path, xs).map((node) => (node as XmlElement).attr('name')?.value ?? '')
  const refs = (from: XmlElement, path: string) =>
    from.find(path, xs).map((node) => (node as XmlElement).attr('ref')?.value ?? '')
  const { root } = document
  const wordsOf = (type: XmlElement) => ({
    attributes: [
      ...names(type, './/xs:attribute'),
      ...refs(type, './/xs:attributeGroup').flatMap((ref) =>
        names(root, `xs:attributeGroup[@name="${ref}"]/xs:attribute`),
      ),
    ].sort(),
    children: [
      ...names(type, './/xs:element'),
      ...refs(type, './/xs:group').flatMap((ref) => names(root, `xs:group[@name="${ref}"]//xs:element`)),
    ].sort(),
  })
  const words = new Map<string, { attributes: string[]; children: string[] }>()
  for (const node of root.find('//xs:element[@name]', xs)) {
    const element = node as XmlElement
    const name = element.attr('name')?.value ?? ''
    const type = element.attr('type')?.value
    const declared = type ? root.get(`xs:complexType[@name="${type}"]`, xs) : element.get('xs:complexType', xs)
    words.set(name, declared ? wordsOf(declared as XmlElement) : { attributes: [], children: [] })
  }
  return words
}

t.test('the XSD has the elements and attributes that errors speak of, and the keys of YAML', async (t) => {
  using document = XmlDocument.fromString(readXsd())
  const words = xsdWords(document)
  const sorted = [...xmlVocabulary].map(([name, { attributes, children }]) => [
    name,
    { attributes: [...attributes].sort(), children: [...children].sort() },
  ])
  t.same([...words].sort(), sorted.sort())

  // A property is an attribute, or an element where it has a structure.
  const has = (element: string, key: string): boolean => {
    const { attributes = [], children = [] } = words.get(element) ?? {}
    const singular: Record<string, string> = { interfaces: 'interface', variables: 'variable', files: 'file' }
    return attributes.includes(key) || children.includes(key) || children.includes(singular[key] ?? key)
  }
  for (const owner of [
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
    for (const key of keysOf(owner)) {
      if (key === 'content' || key === 'ends') continue
      t.ok(has(owner, key), `<${owner}> has ${key}`)
    }
  }
})

const xmllint =
  spawnSync('xmllint', ['--version']).status === 0
    ? undefined
    : 'xmllint is not installed (Debian package libxml2-utils)'

t.test('xmllint agrees with the XSD', { skip: xmllint ?? false }, async (t) => {
  const lint = (xml: string) =>
    spawnSync('xmllint', ['--noout', '--nonet', '--schema', xsdPath, '-'], { input: xml, encoding: 'utf8' })
  const paper = lint(readFileSync(new URL('../../../examples/paper.xml', import.meta.url), 'utf8'))
  t.equal(paper.status, 0, paper.stderr)
  for (let seed = 1; seed <= 20; seed++) {
    const { status, stderr } = lint(await formatRequest(randomRequest(createRandom(seed)), 'xml'))
    t.equal(status, 0, stderr)
  }
  t.not(
    lint('<vnet xmlns="https://weft.dev/vnet/1" name="a"><nodes><node id="a" memroy="1 MiB"/></nodes></vnet>').status,
    0,
  )
})
