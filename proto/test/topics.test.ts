import t from 'tap'
import { parseTopic, topics } from '../topics.ts'

t.test('a topic is parsed back into what it was built from', async (t) => {
  t.match(parseTopic(topics.command('pip1', 'h1', 'alice')), {
    kind: 'command',
    domain: 'pip1',
    host: 'h1',
    client: 'alice',
  })
})
