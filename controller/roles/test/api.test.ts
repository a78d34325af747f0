import t from 'tap'
import { create, encode } from '../../../proto/codec.ts'
import { maxPayloadBytes } from '../../../proto/envelope.ts'
import { WeftError } from '../../../proto/errors.ts'
import { answerVerbs, fitReply, fitState, type Verbs } from '../api.ts'

const verbs: Verbs = {
  get: async ({ vnet }, client) => ({ vnet: { vnet: `${client}.${vnet}` } }),
  plan: async () => {
    throw new AggregateError([new WeftError('request.invalid', 'one'), new WeftError('request.invalid', 'two')])
  },
  delete: async () => {
    throw new WeftError('vnet.unknown', 'there is none')
  },
}
const answer = answerVerbs('the VNP vnp1', verbs)

t.test('a verb is answered by its function, with the caller’s name', async (t) => {
  const reply = await answer(create('ApiRequest', { get: { vnet: 'shop' } }), 'alice')
  t.match(reply, { vnet: { vnet: 'alice.shop' }, moreErrors: [] })
})

t.test('a verb of another role, none, or two are refused', async (t) => {
  const unsupported = { code: 'verb.unsupported', message: /VNP vnp1.*"hosts"/, hint: /get, plan, delete/ }
  await t.rejects(answer(create('ApiRequest', { hosts: {} }), 'alice'), unsupported)
  await t.rejects(answer(create('ApiRequest'), 'alice'), { code: 'message.malformed' })
  const two = { ...create('ApiRequest', { get: {} }), ...create('ApiRequest', { plan: {} }) }
  await t.rejects(answer(two, 'alice'), { code: 'message.malformed' })
})

t.test('all errors of an input come back, a single one is thrown', async (t) => {
  const reply = await answer(create('ApiRequest', { plan: {} }), 'alice')
  t.match(reply, { error: { message: 'one' }, moreErrors: [{ message: 'two' }] })
  await t.rejects(answer(create('ApiRequest', { delete: {} }), 'alice'), { code: 'vnet.unknown' })
})

t.test('a state that one message cannot carry goes without the request', async (t) => {
  const files = [{ path: '/etc/big', content: 'x'.repeat(90_000) }]
  const large = create('VNetState', {
    vnet: 'shop',
    request: { name: 'shop', nodes: [{ id: 'a', startUp: { files } }] },
  })
  const small = create('VNetState', { vnet: 'shop', request: { name: 'shop' } })
  t.equal(fitState(small), small)
  t.equal(fitState(large).request, undefined)
  const reply = fitReply(create('ApiReply', { vnets: { vnets: [large, small] } }))
  t.ok(encode('ApiReply', reply).length < maxPayloadBytes)
  t.same(
    reply.vnets?.vnets.map(({ vnet, request }) => [vnet, request]),
    [
      ['shop', undefined],
      ['shop', undefined],
    ],
  )
})
