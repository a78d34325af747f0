import { readFileSync } from 'node:fs'
import t from 'tap'
import { fromJson, type MessageName } from '../codec.ts'
import { descriptor } from '../generated/weft.v1.ts'
import { topics } from '../topics.ts'

const text = readFileSync(new URL('../../docs/mqtt.md', import.meta.url), 'utf8')

t.test('every example in docs/mqtt.md is a message that the wire would take', async (t) => {
  const examples = [...text.matchAll(/^```json (\w+)\n([\s\S]*?)^```$/gm)]
  t.ok(examples.length > 20)
  for (const [, name, json] of examples) {
    t.doesNotThrow(() => fromJson(name as MessageName, JSON.parse(json ?? '')), `${name}: ${json?.slice(0, 60)}`)
  }
})

t.test('docs/mqtt.md names every topic and shows every message of one', async (t) => {
  const root = 'weft/v1/d/'
  const names: Record<keyof typeof topics, string> = {
    controllerState: topics.controllerState('d'),
    status: topics.status('d', 'H'),
    inventory: topics.inventory('d', 'H'),
    usage: topics.usage('d', 'H'),
    desired: topics.desired('d', 'H', 'V'),
    reported: topics.reported('d', 'H', 'V'),
    command: topics.command('d', 'H', 'C'),
    reply: topics.reply('d', 'H', 'C'),
    event: topics.event('d', 'H'),
    apiRequest: topics.apiRequest('d', 'C'),
    apiReply: topics.apiReply('d', 'C'),
    apiVNet: topics.apiVNet('d', 'C', 'V'),
    advertisement: topics.advertisement('d'),
    freed: topics.freed('d'),
  }
  for (const topic of Object.values(names)) {
    const shown = topic.slice(root.length).replace('H', '{h}').replace('/C', '/{c}').replace('/V', '/{vnet}')
    t.ok(text.includes(`| \`${shown}\` |`), shown)
  }
})

t.test('docs/mqtt.md shows every verb of a host and of an API', async (t) => {
  const messages = descriptor.nested.weft.nested.v1.nested
  for (const verb of [...messages.HostCommand.oneofs.verb.oneof, ...messages.ApiRequest.oneofs.verb.oneof]) {
    t.ok(text.includes(`"${verb}":`), verb)
  }
})
