import { readFileSync } from 'node:fs'
import t from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { renderError } from '../render-error.ts'
import { UsageError } from '../usage-error.ts'

const quiet = { colour: false, verbose: false }

t.test('message, code, object, place, and what would be right', async (t) => {
  const error = new WeftError('request.invalid', 'memory is "much"', {
    object: 'node/r1',
    where: 'shop.yaml:4:9',
    hint: 'a size such as 64 MiB',
  })
  t.equal(
    renderError(error, quiet),
    'error: memory is "much" [request.invalid] (node/r1) at shop.yaml:4:9\nhint: a size such as 64 MiB\n',
  )
  t.equal(renderError(new WeftError('vnet.busy', 'wait'), quiet), 'error: wait [vnet.busy]\n')
  t.ok(renderError(error, { ...quiet, colour: true }).startsWith('\u001b[31merror:\u001b[39m memory'))
})

t.test('several, and how many were left out', async (t) => {
  const errors = [new WeftError('request.invalid', 'one'), new WeftError('request.invalid', 'two')]
  const text = 'error: one [request.invalid]\nerror: two [request.invalid]\n'
  t.equal(renderError(new AggregateError(errors), quiet), text)
  t.equal(renderError(Object.assign(new Error('x'), { errors, omitted: 3 }), quiet), `${text}and 3 more errors\n`)
})

t.test('typing errors have no code', async (t) => {
  t.equal(renderError(new UsageError('no', 'yes'), quiet), 'error: no\nhint: yes\n')
})

t.test('the system’s errors have the system’s code', async (t) => {
  let thrown: unknown
  try {
    readFileSync('/nonexistent')
  } catch (error) {
    thrown = error
  }
  t.match(renderError(thrown, quiet), /^error: ENOENT: no such file or directory, open '\/nonexistent' \[ENOENT\]\n$/)
})

t.test('defects say so, and with -v where they come from', async (t) => {
  const error = new TypeError('x is not a function')
  t.equal(renderError(error, quiet), 'error: x is not a function [internal]\nhint: -v prints where it came from\n')
  t.match(renderError(error, { ...quiet, verbose: true }), /render-error\.test\.ts/)
})

t.test('control characters of a message are shown, not sent', async (t) => {
  t.equal(renderError(new UsageError('a\u001b[2Jb\u0007'), quiet), 'error: a\\x1b[2Jb\\x07\n')
})
