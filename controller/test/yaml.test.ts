import t from 'tap'
import { compileSchema, readYaml } from '../yaml.ts'

const validate = compileSchema({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    kind: { enum: ['host', 'fabric'] },
    items: { type: 'array', items: { type: 'integer', description: 'a count such as 3' } },
  },
})
const codes = { syntax: 'request.syntax', invalid: 'request.invalid' } as const
const read = (text: string) => readYaml(text, 'net.yaml', validate, codes)

t.test('a file that keeps the schema is its value', async (t) => {
  const { value, errors, where } = read('name: x\nitems:\n  - 1\n  - 2\n')
  t.strictSame([value, errors], [{ name: 'x', items: [1, 2] }, []])
  t.equal(where(['items', 1]), 'net.yaml:4')
  t.equal(where(['items', 'missing']), 'net.yaml:2', 'the nearest thing around')
})

t.test('every error says where it stands and what would be right', async (t) => {
  const { value, errors } = read('nmae: x\nkind: router\nitems:\n  - 1\n  - many\n')
  t.equal(value, undefined)
  t.strictSame(
    errors.map(({ code, message, where, hint }) => [code, message, where, hint]),
    [
      ['request.invalid', 'the file lacks "name"', 'net.yaml:1', ''],
      ['request.invalid', 'nmae is unknown', 'net.yaml:1', 'members: name, kind, items'],
      ['request.invalid', 'kind is not one of the words allowed', 'net.yaml:2', 'one of host, fabric'],
      ['request.invalid', 'items.1 is not of type integer', 'net.yaml:5', 'a count such as 3'],
    ],
  )
})

t.test('what is not YAML is a syntax error with its line', async (t) => {
  for (const [text, line] of [
    ['name: x\nname: y\n', 2],
    ['name: x\nitems: [1, 2\n', 3],
  ] as const) {
    const [error] = read(text).errors
    t.match(error, { code: 'request.syntax', where: `net.yaml:${line}` })
  }
})

t.test('an alias bomb is refused', async (t) => {
  const rows = ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]']
  for (let i = 1; i < 10; i++) {
    const [name, before] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)]
    rows.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
  }
  const [error] = read(rows.join('\n')).errors
  t.match(error, { code: 'request.syntax', hint: 'use fewer aliases' })
})

t.test('a text that is nested too deeply is refused', async (t) => {
  const [error] = read('['.repeat(200_000)).errors
  t.match(error, { code: 'request.syntax' })
})
