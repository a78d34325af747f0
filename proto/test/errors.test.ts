import { readFileSync } from 'node:fs'
import t from 'tap'
import { errorCodes, fromWireError, toWireError, WeftError } from '../errors.ts'

t.test('the table and docs/errors.md hold the same codes and words', async (t) => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, code, words]) => [code, words])
  t.same(documented, Object.entries(errorCodes))
})

t.test('an error keeps its code, object, place and hint over the wire', async (t) => {
  const error = new WeftError('tide.unknown' as never, 'no', { object: 'tide/a', where: 'f:3', hint: 'b' })
  t.match(fromWireError(toWireError(new WeftError('vnet.unknown', 'no', { object: 'vnet/a' }))), {
    code: 'vnet.unknown',
    object: 'vnet/a',
  })
  t.match(fromWireError(toWireError(error)), { code: 'internal', message: 'tide.unknown: no', where: 'f:3', hint: 'b' })
})

t.test('what was thrown without a code is internal, in its own words', async (t) => {
  t.match(toWireError(new TypeError('x is undefined')), { code: 'internal', message: 'x is undefined' })
  t.match(toWireError('text'), { code: 'internal', message: 'text' })
})
