import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { createLog } from '../../log.ts'
import { createKeyedSerial } from '../../roles/serial.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { openBook } from '../book.ts'
import { createQueue } from '../queue.ts'
import { createTurns, firstTurnMs, patience } from '../turns.ts'

const row = (key: string, order: number, priority = 0) => ({ key, order, request: create('VNetRequest', { priority }) })

t.test('one that was passed over often enough has its turn kept; then others have as long', async (t) => {
  const clock = createTestClock()
  let opened = 0
  const turns = createTurns({ clock, onOpen: () => opened++ })
  const large = row('large', 1)
  for (let count = 1; count < patience; count++) turns.served(0, undefined, [large])
  t.equal(turns.kept(), undefined)
  t.notOk(turns.isHeldUp(0))
  turns.served(0, undefined, [large])
  t.equal(turns.kept(), large)
  t.ok(turns.isHeldUp(0), 'what comes now')
  t.ok(turns.isHeldUp(0, 2), 'what waits since later')
  t.notOk(turns.isHeldUp(0, 1), 'itself')
  t.notOk(turns.isHeldUp(0, 0), 'what waits longer')
  t.notOk(turns.isHeldUp(1), 'a higher priority')
  t.ok(clock.step())
  t.equal(clock.now(), firstTurnMs)
  t.same([turns.kept(), opened], [undefined, 1])
  turns.served(0, undefined, [large])
  t.equal(turns.kept(), undefined, 'others have as long')
  clock.after(firstTurnMs, () => undefined)
  clock.step()
  turns.served(0, undefined, [large])
  t.equal(turns.kept(), large)
  clock.step()
  t.equal(clock.now(), 4 * firstTurnMs, 'twice as long as the first')
})

t.test('what is served of a higher priority, or earlier, passes over nobody', async (t) => {
  const turns = createTurns({ clock: createTestClock(), onOpen: () => undefined })
  for (let count = 0; count < 3 * patience; count++) {
    turns.served(1, undefined, [row('large', 5)])
    turns.served(0, 4, [row('large', 5)])
  }
  t.equal(turns.kept(), undefined)
})

/** Small requests come faster than they end, for ever; each is served as soon as there is room. */
t.test('a large request is served in the end under an endless stream of small ones', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  const clock = createTestClock()
  const book = await openBook(store)
  const [room, lifetimeMs, everyMs] = [4, 100_000, 20_000]
  const sizes = new Map<string, number>()
  const served: string[] = []
  const take = (key: string, size: number): void => {
    const used = [...sizes.values()].reduce((sum, one) => sum + one, 0)
    if (used + size > room) throw Object.assign(new Error('full'), { code: 'admission.not-now' })
    sizes.set(key, size)
    served.push(key)
    clock.after(lifetimeMs, () => {
      sizes.delete(key)
      queue.retry()
    })
  }
  const queue = createQueue({
    book,
    clock,
    log: createLog('test', 'queue', 'silent'),
    serial: createKeyedSerial(),
    attempt: async ({ key, name }) => {
      try {
        take(key, name === 'large' ? room : 1)
      } catch (error) {
        throw Object.assign(new WeftError('admission.not-now', 'full'), { cause: error })
      }
      await book.save({ queued: new Map([[key, undefined]]) })
    },
    onDecided: async () => undefined,
    onChange: () => undefined,
  })
  t.teardown(() => queue.close())
  const error = { code: 'admission.not-now', message: 'full', object: '', where: '', hint: '' }
  const ask = async (name: string): Promise<void> => {
    const request = create('VNetRequest', { name })
    try {
      queue.checkTurn(`a.${name}`, request)
      take(`a.${name}`, name === 'large' ? room : 1)
      queue.noteServed(request)
    } catch {
      await queue.put({ key: `a.${name}`, owner: 'a', name, request, discovery: '', error }, queue.tries)
    }
  }
  const settled = async () => {
    for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await ask('s0')
  await ask('large')
  let due = 0
  let count = 1
  while (!served.includes('a.large') && clock.now() < 50 * firstTurnMs) {
    if (clock.now() >= due) {
      due = clock.now() + everyMs
      clock.after(everyMs, () => undefined)
      // What nobody waits for any more is taken back, so that the queue does not grow.
      for (const { key } of [...book.queued.values()].filter(({ name }) => name !== 'large')) await queue.drop(key)
      await ask(`s${count++}`)
      await settled()
    }
    clock.step()
    await settled()
  }
  t.ok(served.includes('a.large'), `after ${clock.now() / 1000} s and ${served.length - 1} small ones`)
  t.ok(served.length > patience, 'small ones were served meanwhile')
})
