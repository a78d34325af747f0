/** Configurations at random: right ones from the catalogue, and ones with a few bytes changed. And what may become of them. */
import { configure } from '../../../../click/element.ts'
import { catalogue } from '../../../../click/elements/catalogue.ts'
import { readRouter } from '../../../../click/read.ts'
import { WeftError } from '../../../../proto/errors.ts'
import { compile } from '../../compile/compile.ts'
import { allConfigurations } from './all.ts'
import { graphOf } from './compare.ts'
import { pick } from './packets.ts'
import { type Random, randomFrom } from './random.ts'

/** What elements of each class are given in the configurations of the comparison. */
const samples = new Map<string, string[]>()
for (const { text } of allConfigurations) {
  for (const { class: name, configuration } of graphOf(text).elements) {
    const known = samples.get(name) ?? []
    if (configuration.length < 4000 && !known.includes(configuration)) known.push(configuration)
    samples.set(name, known)
  }
}

const sources = ['FromDevice', 'FromHost']
const sinks = ['ToDevice', 'ToHost', 'Discard']
const inner = [...samples.keys()].filter((name) => !sources.includes(name) && !sinks.includes(name) && name !== 'Idle')

const numbers = [
  '0',
  '1',
  '3',
  '14',
  '20',
  '34',
  '60',
  '127',
  '255',
  '256',
  '1500',
  '15999',
  '65535',
  '4294967295',
  '-1',
]

/** Of a class's samples one, now and then with another number in it. */
const configurationOf = (random: Random, name: string): string => {
  const sample = pick(random, samples.get(name) ?? [''])
  if (random(4) > 0) return sample
  const places = [...sample.matchAll(/\b\d+\b/g)]
  const place = pick(random, places)
  return place
    ? sample.slice(0, place.index) + pick(random, numbers) + sample.slice(place.index + place[0].length)
    : sample
}

/** How many outputs make the configuration string right: those that a class may have are tried. */
const outputsOf = (random: Random, name: string, configuration: string): number | undefined => {
  const of = catalogue.get(name)
  const [inputs = '', outputs = ''] = of?.ports.split('/') ?? []
  if (!of) return undefined
  const allowed = outputs === '-' ? [1, 2, 3, 4, 5, 6] : outputs === '=' ? [2, 3] : outputs.includes('-') ? [1, 2] : [1]
  const exact = /^\d+$/.test(outputs) ? [Number(outputs)] : allowed
  const right = exact.filter(
    (count) => configure(of, configuration, { inputs: Number.parseInt(inputs, 10) || 1, outputs: count }).configured,
  )
  return right.length > 0 ? pick(random, right) : undefined
}

const mostElements = 14
const starts = [
  'Null',
  'Strip(14) -> CheckIPHeader',
  'Strip(14) -> MarkIPHeader',
  'MarkIPHeader(14)',
  'CheckIPHeader2(14)',
  'Paint(1)',
]

/**
 * A configuration whose ports are all connected. Each output leads to an element after it, to a sink, or, seldom, back.
 */
export const randomConfiguration = (seed: number): string => {
  const random = randomFrom(seed)
  const names = Array.from({ length: 1 + random(mostElements) }, () => pick(random, inner))
  const elements = names.flatMap((name) => {
    const configuration = configurationOf(random, name)
    const outputs = outputsOf(random, name, configuration)
    if (outputs === undefined) return []
    const inputs = name === 'ARPQuerier' ? 2 : name === 'EtherSwitch' ? outputs : 1
    return [{ name, configuration, outputs, inputs }]
  })
  const lines = elements.map(({ name, configuration }, i) => `e${i} :: ${name}(${configuration});`)
  const used = new Set<string>()
  const into = (i: number): string => {
    const port = random(elements[i]?.inputs ?? 1)
    used.add(`${i}:${port}`)
    return `[${port}] e${i}`
  }
  const sink = (): string => {
    const name = pick(random, sinks)
    return name === 'ToDevice' ? `Queue -> ToDevice(${pick(random, ['out', 'in', 'b'])})` : `${name}`
  }
  const target = (after: number): string => {
    const isBack = random(12) === 0
    const from = isBack ? 0 : after
    return from < elements.length && random(5) > 0 ? into(from + random(Math.min(3, elements.length - from))) : sink()
  }
  lines.push(`FromDevice(in) -> ${pick(random, starts)} -> ${target(0)};`)
  if (random(3) === 0) lines.push(`FromDevice(b) -> ${pick(random, starts)} -> ${target(0)};`)
  if (random(6) === 0) lines.push(`FromHost(fake, 192.0.0.1/8${pick(random, ['', ', TYPE IP'])}) -> ${target(0)};`)
  elements.forEach(({ outputs }, i) => {
    for (let port = 0; port < outputs; port++) lines.push(`e${i} [${port}] -> ${target(i + 1)};`)
  })
  elements.forEach(({ inputs }, i) => {
    for (let port = 0; port < inputs; port++) if (!used.has(`${i}:${port}`)) lines.push(`Idle -> [${port}] e${i};`)
  })
  return lines.join('\n')
}

const pieces = [...catalogue.keys()].concat([
  '->',
  '::',
  ';',
  '[0]',
  '[1]',
  ',',
  '(',
  ')',
  '{',
  '}',
  '$x',
  '\\<',
  '"',
  '||',
  '=>',
  '/*',
])

/** The comparison leaves out the Queue that pushing to ToDevice asks for. */
const withQueues = (text: string): string =>
  text.replaceAll(/-> ToDevice/g, '-> Queue -> ToDevice').replaceAll(/Queue(\(\d*\))? -> Queue ->/g, 'Queue$1 ->')

/** A few bytes, or a few words, of a right configuration are others. */
export const mutatedConfiguration = (seed: number): string => {
  const random = randomFrom(seed)
  let text = random(2) ? withQueues(pick(random, allConfigurations).text) : randomConfiguration(seed)
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(text.length + 1)
    const count = random(3) === 0 ? random(8) : random(2)
    const put = pick(random, [
      '',
      String.fromCharCode(random(256)),
      text.slice(random(text.length), random(text.length)),
      pick(random, pieces),
      pick(random, numbers),
    ])
    text = (text.slice(0, at) + put + text.slice(at + count)).slice(0, 20_000)
  }
  return text
}

/** Codes that say what is wrong with a configuration; any other is a fault of ours. */
const answers = ['not-supported', 'config.invalid']

export const isAnswer = (error: unknown): boolean => error instanceof WeftError && answers.includes(error.code)

/** The compiled configuration, or undefined where it was refused as it may be. Throws what is a fault of ours. */
export const compileFuzzed = (text: string) => {
  const { checked, diagnostics } = readRouter(text)
  if (!checked) {
    if (diagnostics.length === 0) throw new Error('refused without a word')
    return undefined
  }
  try {
    compile(checked.graph, { device: () => 1 })
    return checked.graph
  } catch (error) {
    if (isAnswer(error)) return undefined
    throw error
  }
}
