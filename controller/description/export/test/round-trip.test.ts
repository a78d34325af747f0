import t from 'tap'
import type { Interface, Node, VNetRequest } from '../../../../proto/generated/weft.v1.ts'
import { fillIn } from '../../fill-in.ts'
import { parseRequest } from '../../parse.ts'
import { createRandom, randomRequest } from '../../test/random.ts'
import { type ExportForm, exportAs } from '../forms.ts'
import type { Loss } from '../losses.ts'

const count = 100

t.test('GraphML is read again as it was', async (t) => {
  for (let seed = 1; seed <= count; seed++) {
    const request = randomRequest(createRandom(seed))
    const { text, losses } = await exportAs({ request }, 'graphml')
    const read = await parseRequest(text, { file: 'x.graphml' }).catch((thrown) => thrown)
    const same = t.same(read.request, request, `seed ${seed}`, { diagnostic: false }) && losses.length === 0
    if (!same) {
      t.comment(text, read.errors)
      return
    }
  }
})

/** As the export says that it is: without what was lost. */
const without = (request: VNetRequest, losses: readonly Loss[]): VNetRequest => {
  const copy = structuredClone(request)
  for (const { path } of losses) {
    if (path.endsWith(']')) continue
    const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
    const last = steps.pop() ?? ''
    const owner = steps.reduce<Record<string, unknown>>(
      (value, step) => value[step] as Record<string, unknown>,
      copy as never,
    )
    owner[last] = emptyLike(owner[last])
  }
  const gone = new Set(losses.map(({ path }) => path))
  return {
    ...copy,
    nodes: copy.nodes.map((node, i) => ({
      ...node,
      interfaces: node.interfaces.filter((_, k) => !gone.has(`nodes[${i}].interfaces[${k}]`)),
    })),
  }
}

const emptyLike = (value: unknown): unknown => {
  if (Array.isArray(value)) return []
  if (typeof value === 'string') return ''
  if (typeof value === 'number') return 0
  return typeof value === 'boolean' ? false : undefined
}

/** What a reader may choose again: the VNet's name and prefix, how interfaces are joined, what is said without saying anything. */
const normal = (request: VNetRequest): VNetRequest => {
  const { nodes, ...rest } = fillIn(request)
  return { ...rest, name: '', prefix: '', nodes: nodes.map(normalNode) }
}

const normalNode = ({ location, startUp, ...node }: Node): Node => ({
  ...node,
  location: location && (location.name !== '' || location.latitude !== undefined) ? location : undefined,
  startUp: startUp && (startUp.command !== '' || startUp.files.length > 0) ? startUp : undefined,
  interfaces: node.interfaces.map(({ antiSpoofing, ...each }): Interface => ({ ...each, forwarding: '' })),
})

for (const [form, file] of [
  ['rspec', 'x.rspec'],
  ['containerlab', 'x.clab.yml'],
] as const satisfies readonly (readonly [ExportForm, string])[]) {
  t.test(`${form} is read again as it was, but for what it is said to lose`, async (t) => {
    for (let seed = 1; seed <= count; seed++) {
      const random = randomRequest(createRandom(seed))
      // An RSpec's own word for a link that an aggregate makes as it likes.
      const links = random.links.map((link) => (link.technology === 'vlan' ? { ...link, technology: '' } : link))
      const request = { ...random, links }
      const { text, losses } = await exportAs({ request }, form)
      const read = await parseRequest(text, { file }).catch((thrown) => thrown)
      const left = normal(without(request, losses))
      if (!read.request) return t.fail(`seed ${seed}: ${read}`, { text })
      const again = normal(read.request)
      // Names that were lost are the reader's.
      const named = again.links.map((link, i) => (left.links[i]?.id === '' ? { ...link, id: '' } : link))
      if (!t.same({ ...again, links: named }, left, `seed ${seed}`)) return t.comment(text)
    }
  })
}

t.test('every form is written of every request, and says what it loses by paths that are there', async (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    const request = randomRequest(createRandom(seed))
    for (const form of ['dot', 'mermaid', 'rfc8345', 'yaml', 'xml', 'json'] as const) {
      const { text, losses } = await exportAs({ request }, form)
      if (text === '') t.fail(`${form}: seed ${seed}`)
      without(request, losses)
    }
  }
  t.pass('all')
})
