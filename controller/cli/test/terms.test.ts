import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { endsText, placementText, priorityText, waitsText } from '../view/terms.ts'

const state = (init: Parameters<typeof create<'VNetState'>>[1]) => create('VNetState', init)
const noon = Date.UTC(2026, 0, 2, 12)

t.test('the end of a VNet is told as a time, or as a duration while it waits', async (t) => {
  t.equal(endsText(state({ endsUnixMs: noon })), 'at 2026-01-02T12:00:00Z')
  t.equal(endsText(state({ request: { lifetimeSeconds: 5400 } })), '90 min after it is accepted')
  t.equal(endsText(state({ request: {} })), '')
})

t.test('what waits says since when, and when its turn comes', async (t) => {
  const waits = (position: number, phase = 'PHASE_POSTPONED' as const) =>
    waitsText(state({ phase, waiting: { sinceUnixMs: noon, position } }))
  t.equal(waits(1), 'since 2026-01-02T12:00:00Z, first of those that wait')
  t.equal(waits(7), 'since 2026-01-02T12:00:00Z, number 7 of those that wait')
  t.equal(waitsText(state({ phase: 'PHASE_REJECTED', waiting: { sinceUnixMs: noon } })), '')
})

t.test('priority and placement are told where they are not the default', async (t) => {
  t.equal(priorityText(state({ request: { priority: -3 } })) + priorityText(state({ request: {} })), '-3')
  const affinity = [{ kind: 'apart', nodes: ['a', 'b'] }]
  t.equal(placementText(state({ request: { placement: 'packed', affinity } })), 'packed, apart a b')
  t.equal(placementText(state({ request: { placement: 'spread' } })), '')
})
