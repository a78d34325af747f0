import t from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { generate, settings } from '../generate.ts'
import { readInstance } from '../read-instance.ts'

const good = () => ({
  substrate: {
    nodes: [
      { id: 0, cpu: 50 },
      { id: 1, cpu: 50 },
    ],
    links: [{ a: 0, b: 1, bw: 60 }],
  },
  requests: [{ id: 0, arrival: 1, lifetime: 2.5, nodes: [{ id: 0, cpu: 1 }], links: [] as unknown[] }],
})

t.test('an instance is read as it is', async (t) => {
  t.strictSame(readInstance(good(), 'x.json'), good())
  const made = generate({ ...settings.constrained, requests: 20 }, 1)
  t.equal(readInstance(made, 'x.json'), made)
})

t.test('what is wrong is told with its place', async (t) => {
  const told = (change: (instance: ReturnType<typeof good>) => unknown): string => {
    const instance = good()
    const value = change(instance)
    try {
      readInstance(typeof value === 'function' ? value() : instance, 'x.json')
    } catch (error) {
      if (error instanceof WeftError) return `${error.code} ${error.where} ${error.message}`
      throw error
    }
    return 'nothing'
  }
  const wrong = 'instance.invalid x.json'
  t.equal(
    told(() => () => []),
    `${wrong} instance: []`,
  )
  t.equal(
    told((i) => void delete (i as { requests?: unknown }).requests),
    `${wrong} requests: missing`,
  )
  t.equal(
    told((i) => void i.substrate.nodes.push({ id: 1, cpu: 1 })),
    `${wrong} substrate.nodes[2].id: 1 is there twice`,
  )
  t.equal(
    told((i) => void i.substrate.nodes.push({ id: 2, cpu: -1 })),
    `${wrong} substrate.nodes[2].cpu: -1`,
  )
  t.equal(
    told((i) => void i.substrate.links.push({ a: 1, b: 0, bw: 1 })),
    `${wrong} substrate.links[1]: 1 and 0 are joined twice`,
  )
  t.equal(
    told((i) => void i.requests[0]?.links.push({ a: 0, b: 7, bw: 1 })),
    `${wrong} requests[0].links[0].b: there is no node 7`,
  )
  t.equal(
    told((i) => void i.requests[0]?.links.push({ a: 0, b: 0, bw: 1 })),
    `${wrong} requests[0].links[0]: it joins 0 with itself`,
  )
  t.equal(
    told((i) => void Object.assign(i.requests[0] ?? {}, { lifetime: 'long' })),
    `${wrong} requests[0].lifetime: "long"`,
  )
})
