import t from 'tap'
import { readSubstrate } from '../parse.ts'

const read = (...lines: readonly string[]) =>
  readSubstrate(['name: pip1', 'hosts:', '  h1:', ...lines].join('\n'), 'pip1.yaml')

t.test('a substrate says how its hosts are fenced, and when', async (t) => {
  const { substrate } = read('fencing: { after: 5 min, command: [/sbin/fence, --off, "{host}"], timeout: 90 s }')
  t.strictSame(substrate?.fencing, {
    afterMs: 300_000,
    command: ['/sbin/fence', '--off', '{host}'],
    timeoutMs: 90_000,
  })
})

t.test('without a time the operator alone takes hosts for dead', async (t) => {
  t.strictSame(read('fencing: { command: [/sbin/fence, "off={host}"] }').substrate?.fencing, {
    afterMs: undefined,
    command: ['/sbin/fence', 'off={host}'],
    timeoutMs: 60_000,
  })
  t.equal(read().substrate?.fencing, undefined)
  t.equal(read('fencing:').substrate?.fencing, undefined)
})

t.test('what cannot be run, or would be run for the wrong host or time, is refused with its line', async (t) => {
  const refused = (lines: readonly string[], message: RegExp, line = 4): void => {
    const { substrate, errors } = read(...lines)
    t.equal(substrate, undefined, lines.join(' '))
    t.match(errors[0], { code: 'substrate.invalid', message, where: `pip1.yaml:${line}` })
  }
  refused(['fencing: { after: 5 min }'], /command/)
  refused(['fencing: { command: [fence, "{host}"] }'], /fencing.command.0 is "fence"/)
  refused(['fencing: { command: [/sbin/fence, h1] }'], /fencing.command is not told which host/)
  refused(['fencing: { command: ["/sbin/{host}", h1] }'], /fencing.command is not told which host/)
  refused(['fencing:', '  after: 1 s', '  command: [/sbin/fence, "{host}"]'], /fencing.after is 1 s/, 5)
  refused(['fencing:', '  timeout: 1 h', '  command: [/sbin/fence, "{host}"]'], /fencing.timeout is 1 h/, 5)
  refused(['fencing:', '  after: soon', '  command: [/sbin/fence, "{host}"]'], /fencing.after/, 5)
})
