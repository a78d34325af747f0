import t from 'tap'
import { jsonTopic, parseTopic, type TopicKind, topics } from '../topics.ts'

const built: Record<TopicKind, string> = {
  controllerState: topics.controllerState('d'),
  status: topics.status('d', 'h1'),
  inventory: topics.inventory('d', 'h1'),
  usage: topics.usage('d', 'h1'),
  desired: topics.desired('d', 'h1', 'a.v'),
  reported: topics.reported('d', 'h1', 'a.v'),
  command: topics.command('d', 'h1', 'c'),
  reply: topics.reply('d', 'h1', 'c'),
  event: topics.event('d', 'h1'),
  apiRequest: topics.apiRequest('d', 'c'),
  apiReply: topics.apiReply('d', 'c'),
  apiVNet: topics.apiVNet('d', 'c', 'a.v'),
  advertisement: topics.advertisement('d'),
  freed: topics.freed('d'),
}

t.test('every topic is parsed back into what it was built from, in both forms', async (t) => {
  for (const [kind, topic] of Object.entries(built)) {
    const parsed = parseTopic(topic)
    t.match(parsed, { kind, domain: 'd', json: false })
    const rebuilt = topics[kind as TopicKind] as (...names: string[]) => string
    const names = [parsed?.domain, parsed?.host, parsed?.client, parsed?.vnet].filter((name) => name !== undefined)
    t.equal(rebuilt(...names), topic)
    t.match(parseTopic(jsonTopic(topic)), { kind, json: true })
  }
})

t.test('what is none of ours is not parsed', async (t) => {
  for (const topic of [
    '',
    'weft/v1',
    'weft/v2/d/controller/state',
    'weft/v1/d/host/h1',
    'weft/v1/d/host/h1/desired',
    'x/y/z',
    'weft/v1/d/host/h 1/status',
  ]) {
    t.equal(parseTopic(topic), undefined, topic)
  }
})

t.test('a name that would change the topic is refused', async (t) => {
  for (const name of ['', 'a/b', '#', 'a b', '.a', 'a'.repeat(81)]) {
    t.throws(() => topics.status('d', name), { code: 'message.malformed' }, JSON.stringify(name))
  }
  t.equal(topics.status('d', '+'), 'weft/v1/d/host/+/status', 'but + may stand in a filter')
})
