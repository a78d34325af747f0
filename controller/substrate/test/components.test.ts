import t from 'tap'
import { fabric, host, substrate } from '../../mapping/test/fixtures.ts'
import { ethernetDomains } from '../components.ts'

const switchNode = (id: string) => ({ ...fabric(id), kind: 'switch' })

t.test('frames meet where switches join links, and nowhere else', async (t) => {
  const graph = substrate([host('a'), host('b'), host('c'), switchNode('s'), switchNode('z'), fabric('f')], {
    'a-b': {},
    'a-s': {},
    'b-s': {},
    's-z': {},
    'z-c': {},
    'c-f': {},
    'f-b': {},
  })
  t.strictSame(Object.fromEntries(ethernetDomains(graph)), {
    'a/to-a-b': 'a-b',
    'b/to-a-b': 'a-b',
    'a/to-a-s': 'a-s',
    'b/to-b-s': 'a-s',
    'c/to-z-c': 'a-s',
    'c/to-c-f': 'c-f',
    'b/to-f-b': 'f-b',
  })
})
