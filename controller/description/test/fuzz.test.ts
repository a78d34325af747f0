import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { formatRequest } from '../format.ts'
import { parseRequest, RequestErrors } from '../parse.ts'
import { validateRequest } from '../validate.ts'
import { createRandom, type Random, randomRequest } from './random.ts'

const example = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url))

const scraps = [
  '<',
  '>',
  '"',
  "'",
  '&',
  '&#0;',
  '&#x41;',
  '<!DOCTYPE a [',
  '<![CDATA[',
  '-->',
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '\t',
  '*a',
  '&a ',
  '<<: ',
  '!!binary ',
  '%YAML 1.1\n',
  '---\n',
  '|',
  '\0',
  '\u0001',
  '\ufeff',
  '0',
  '-1',
  '99999999999999999999',
  '1e400',
  'NaN',
  '.inf',
  'null',
  '__proto__',
  'constructor',
  '{{',
  '}}',
  '{{loopback}}',
  ' ',
  '\r',
  'é',
  '😀',
  '\ud83d',
  'eth0',
  '/',
  '../',
  '10.0.0.1/33',
  '::/0',
]

/** One to five edits of the bytes. */
const mutate = (input: Uint8Array, random: Random): Buffer => {
  let bytes = Buffer.from(input)
  for (let edits = 1 + random.below(5); edits > 0; edits--) {
    const at = random.below(bytes.length + 1)
    const length = random.below(random.chance(0.2) ? 400 : 12)
    const [before, inside, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ]
    const elsewhere = random.below(bytes.length + 1)
    bytes = random.pick([
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, Buffer.from(random.pick(scraps)), bytes.subarray(at)]),
      () => Buffer.concat([before, Buffer.from(random.pick(scraps)), after]),
      () => Buffer.concat([before, inside, inside, after]),
      () => Buffer.concat([before, bytes.subarray(elsewhere, elsewhere + length), after]),
      () => Buffer.concat([before, Buffer.from([random.below(256)]), bytes.subarray(at + 1)]),
    ])()
  }
  return bytes
}

const tryOne = async (t: Test, bytes: Buffer, file: string, what: string): Promise<boolean> => {
  try {
    const { request } = await parseRequest(bytes, { file })
    if (validateRequest(request).length === 0) return true
    t.fail(`${what}: accepted what is invalid`, { text: bytes.toString() })
  } catch (thrown) {
    const right =
      thrown instanceof RequestErrors &&
      thrown.errors.length > 0 &&
      thrown.errors.every(({ code, message, where }) => code.startsWith('request.') && message !== '' && where !== '')
    if (right) return true
    t.fail(`${what}: threw ${thrown}`, { text: bytes.toString(), stack: (thrown as Error).stack ?? '' })
  }
  return false
}

const rounds = 150

for (const [name, format] of [
  ['paper.xml', 'xml'],
  ['abilene.yaml', 'yaml'],
] as const) {
  t.test(`a mutated ${name}, or another request in ${format}, is read or refused with its errors`, async (t) => {
    for (let seed = 1; seed <= rounds; seed++) {
      const random = createRandom(seed)
      const file = new URL(`../../../examples/${name}`, import.meta.url).pathname
      const whole = Buffer.from(await formatRequest(randomRequest(random), format))
      if (!(await tryOne(t, mutate(example(name), random), file, `seed ${seed}`))) return
      if (!(await tryOne(t, mutate(whole, random), `fuzz.${format}`, `seed ${seed}`))) return
    }
    t.pass(`${2 * rounds} files`)
  })
}

t.test('mutated JSON is read or refused with its errors', async (t) => {
  for (let seed = 1; seed <= rounds; seed++) {
    const random = createRandom(seed)
    const whole = Buffer.from(await formatRequest(randomRequest(random), 'json'))
    if (!(await tryOne(t, mutate(whole, random), 'fuzz.json', `seed ${seed}`))) return
  }
  t.pass(`${rounds} files`)
})
