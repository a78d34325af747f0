import t, { type Test } from 'tap'
import { defineCommand } from '../command.ts'
import { findCommand, parseCommand } from '../parse.ts'
import { UsageError } from '../usage-error.ts'
import { assignment, durationMs, wholeNumber } from '../values.ts'

const load = async () => ({ run: async () => 0 })

const commands = [
  defineCommand({
    name: 'make',
    group: 'Other',
    summary: 'make',
    arguments: [
      { name: 'WHAT', text: 'what' },
      { name: 'WHERE', text: 'where', optional: true },
    ],
    flags: {
      size: { short: 's', value: 'NUMBER', parse: wholeNumber(1, 9), text: 'how large' },
      shape: { value: 'SHAPE', choices: ['round', 'square'], default: 'round', text: 'form' },
      'with-hole': { short: 'w', text: 'with a hole' },
      part: { value: 'NAME=VALUE', repeated: true, parse: assignment('NAME=VALUE'), text: 'a part' },
    },
    load,
  }),
  defineCommand({
    name: 'make up',
    group: 'Other',
    summary: 'make up',
    arguments: [{ name: 'COMMAND', text: 'what to run', rest: true }],
    flags: { key: { value: 'KEY', required: true, text: 'key' } },
    load,
  }),
]

const parse = (argv: readonly string[], env: Record<string, string> = {}) => {
  const found = findCommand(argv, commands)
  return { name: found.command?.name, ...parseCommand(found, env) }
}

const refused = (t: Test, argv: readonly string[], message: RegExp, env = {}) =>
  t.throws(() => parse(argv, env), { name: 'UsageError', message })

t.test('flags stand anywhere, long, short, joined and with =', async (t) => {
  const { name, globals, input } = parse(['-v', '--run-dir', '/x', 'make', '-ws3', 'cake', '--shape=square', 'here'])
  t.match({ name, globals }, { name: 'make', globals: { verbose: true, 'run-dir': '/x', socket: undefined } })
  t.same(input, { flags: { size: 3, shape: 'square', 'with-hole': true, part: [] }, args: ['cake', 'here'], rest: [] })
})

t.test('of two words the longer command is meant', async (t) => {
  t.match(parse(['make', 'up', '--key', 'k', '--', 'ls', '-l']), { name: 'make up', input: { rest: ['ls', '-l'] } })
  t.match(parse(['make', '--', 'up']), { name: 'make', input: { args: ['up'] } })
})

t.test('the environment is asked where nothing was typed', async (t) => {
  const env = { WEFT_SIZE: '4', WEFT_SHAPE: 'square', WEFT_WITH_HOLE: 'yes', WEFT_PART: 'a=1 b=2', WEFT_HELP: '1' }
  t.same(parse(['make', 'x'], env).input?.flags, {
    size: 4,
    shape: 'square',
    'with-hole': true,
    part: [
      ['a', '1'],
      ['b', '2'],
    ],
  })
  t.match(parse(['make', 'x', '-s', '5', '--part', 'c=3'], env).input?.flags, { size: 5, part: [['c', '3']] })
  t.match(parse(['make', 'x'], { WEFT_SHAPE: '' }).input?.flags, { shape: 'round' }, 'empty is not set')
})

t.test('the last of a flag that is given twice counts', async (t) => {
  t.equal(parse(['make', 'x', '-s1', '-s2']).input?.flags['size'], 2)
})

t.test('what is wrong is said with what would be right', async (t) => {
  refused(t, ['mak'], /there is no command "mak"/)
  refused(t, ['make', 'x', '--sze', '3'], /"weft make" has no flag --sze/)
  refused(t, ['make', 'x', '-s', '12'], /--size is "12"/)
  refused(t, ['make', 'x', '--shape', 'oval'], /--shape is one of round, square, not "oval"/)
  refused(t, ['make', 'x', '--size', '--with-hole'], /--size needs a value/)
  refused(t, ['make', 'x', '--size'], /--size needs a value/)
  refused(t, ['make', 'x', '--with-hole=1'], /--with-hole takes no value/)
  refused(t, ['make'], /"weft make" needs WHAT/)
  refused(t, ['make', 'x', 'y', 'z'], /"weft make" does not take "z"/)
  refused(t, ['make', 'up', '--', 'ls'], /"weft make up" needs --key KEY/)
  refused(t, ['make', 'up', '--key', 'k'], /"weft make up" needs -- COMMAND/)
  refused(t, ['make', 'x'], /WEFT_SIZE is "many"/, { WEFT_SIZE: 'many' })
  t.throws(() => parse(['make', 'x', '--sze', '3']), { message: /no flag --sze/, hint: 'did you mean "--size"?' })
})

t.test('values', async (t) => {
  t.same(['500ms', '30s', '5m', '1h', '2', '1.5 s'].map(durationMs), [500, 30_000, 300_000, 3_600_000, 2000, 1500])
  for (const text of ['', '0s', '-1s', '5d', '1000h', 'soon'])
    t.throws(() => durationMs(text), /a duration such as/, text)
  t.same(assignment('A=B')('a=b=c'), ['a', 'b=c'])
  for (const text of ['a', '=b', 'a=']) t.throws(() => assignment('A=B')(text), /A=B/, text)
  t.throws(() => wholeNumber(1, 9)('0x5'), /from 1 to 9/)
  t.ok(new UsageError('x') instanceof Error)
})
