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
    'a-b': 'a-b',
    'a-s': 'a-s',
    'b-s': 'a-s',
    's-z': 'a-s',
    'z-c': 'a-s',
    'c-f': 'c-f',
    'f-b': 'f-b',
  })
})
