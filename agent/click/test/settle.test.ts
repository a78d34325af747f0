import t from 'tap'
import { settleQueries } from './support/settle.ts'

const query = Buffer.from('ffffffffffff0000c04f71ef080600010800060400010000c04f71ef0a0001010000000000000a000107', 'hex')
const padded = (length: number) => ({ bytes: Buffer.concat([query, Buffer.alloc(length)]) })

t.test('a query that comes again is left out, with the room of any IP header behind it', (t) => {
  const [first, ...others] = settleQueries([padded(0), padded(18), padded(20), padded(32)])
  t.same(first, { bytes: query })
  t.same(others, [])
  t.end()
})

t.test('what is longer than any header could make it is no padding, nor is what says something', (t) => {
  const long = padded(33)
  const said = { bytes: Buffer.concat([query, Buffer.from([0, 1])]) }
  const answer = { bytes: Buffer.from(query) }
  answer.bytes[21] = 2
  t.same(settleQueries([long, long, said, said, answer, answer]), [long, long, said, said, answer, answer])
  t.end()
})
