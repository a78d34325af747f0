import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { create } from '../../../proto/codec.ts'
import type { HostEvent, Phase, Reported } from '../../../proto/generated/weft.v1.ts'
import type { Session } from '../../../proto/session.ts'
import { silentLog } from '../../log.ts'
import { createPublisher } from '../publisher.ts'

interface Sent {
  readonly topic: string
  readonly message: unknown
  readonly retain: boolean
}

const broker = () => {
  const sent: Sent[] = []
  let hold: Promise<void> | undefined
  const state = { connected: true }
  const session: Pick<Session, 'connected' | 'publish' | 'clear'> = {
    get connected() {
      return state.connected
    },
    publish: async (topic, _name, message, options = {}) => {
      await hold
      sent.push({ topic, message, retain: options.retain ?? false })
    },
    clear: async (topic) => void sent.push({ topic, message: 'cleared', retain: true }),
  }
  const lastWords: string[] = []
  const publisher = createPublisher({
    session,
    domain: 'pip1',
    host: 'h1',
    run: 7,
    log: silentLog(),
    onLastWord: (vnet) => lastWords.push(vnet),
  })
  return { sent, state, publisher, lastWords, holdUntil: (until: Promise<void>) => (hold = until) }
}

const reported = (phase: Phase, generation = 1): Reported => create('Reported', { vnet: 'shop', phase, generation })
const reports = (sent: readonly Sent[]): readonly Sent[] => sent.filter(({ topic }) => topic.endsWith('/reported/shop'))

t.test('reports are retained; while one is under way only the latest of those that follow is kept', async (t) => {
  const { sent, publisher, holdUntil } = broker()
  const hold = Promise.withResolvers<void>()
  holdUntil(hold.promise)
  for (let generation = 1; generation <= 5; generation++) {
    publisher.reported(reported('PHASE_BUILDING', generation), undefined, 'controller')
  }
  hold.resolve()
  await sleep(5)
  t.match(reports(sent), [
    { topic: 'weft/v1/pip1/host/h1/reported/shop', message: { generation: 1 }, retain: true },
    { message: { generation: 5 } },
  ])
  t.equal(reports(sent).length, 2)
})

t.test(
  'the last report of a client’s slice is said and taken away, a controller’s stays until it is cleared',
  async (t) => {
    const { sent, publisher, lastWords } = broker()
    publisher.reported(reported('PHASE_GONE'), undefined, 'controller')
    await sleep(5)
    t.match(reports(sent), [{ message: { phase: 'PHASE_GONE' }, retain: true }])
    publisher.clear('shop')
    await sleep(5)
    t.match(reports(sent)[1], { message: 'cleared' })
    publisher.reported(reported('PHASE_GONE'), undefined, 'carol')
    await sleep(5)
    t.match(reports(sent).slice(2), [{ message: { phase: 'PHASE_GONE' }, retain: false }, { message: 'cleared' }])
    t.same(lastWords, ['shop'])
  },
)

t.test('events are numbered through, also those that nobody heard', async (t) => {
  const { sent, state, publisher } = broker()
  const event = (kind: string) => publisher.event('shop', { kind, object: 'node/a' })
  event('node.started')
  state.connected = false
  event('node.stopped')
  state.connected = true
  event('node.started')
  await sleep(5)
  const events = sent.map(({ message }) => message as HostEvent)
  t.match(events, [
    { session: 7, number: 1, kind: 'node.started', vnet: 'shop', object: 'node/a' },
    { session: 7, number: 3 },
  ])
})

t.test('without a connection nothing is queued; afterwards all that stands is told', async (t) => {
  const { sent, state, publisher, lastWords } = broker()
  state.connected = false
  publisher.inventory(create('HostInventory', { host: 'h1' }))
  publisher.reported(reported('PHASE_GONE'), undefined, 'carol')
  publisher.usage(create('HostUsage'))
  await sleep(5)
  t.same(sent, [])
  state.connected = true
  publisher.all([reported('PHASE_GONE')])
  await sleep(5)
  t.match(
    sent.map(({ topic }) => topic.split('/').slice(5).join('/')),
    ['inventory', 'reported/shop', 'reported/shop'],
  )
  t.same(lastWords, ['shop'])
})
