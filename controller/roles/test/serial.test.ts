import t from 'tap'
import { createKeyedSerial, createSerial } from '../serial.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('work does not overlap, keeps its order, and a failure is its caller’s alone', async (t) => {
  const serial = createSerial()
  const done: string[] = []
  const work = (name: string) => async () => {
    done.push(`${name} begins`)
    await turn()
    done.push(`${name} ends`)
    return name
  }
  const failing = serial(async () => {
    await turn()
    throw new Error('no')
  })
  const results = [serial(work('a')), serial(work('b'))]
  await t.rejects(failing, { message: 'no' })
  t.same(await Promise.all(results), ['a', 'b'])
  t.same(done, ['a begins', 'a ends', 'b begins', 'b ends'])
})

t.test('keys wait for themselves alone', async (t) => {
  const serial = createKeyedSerial()
  const done: string[] = []
  const release = Promise.withResolvers<void>()
  const blocked = serial('a', async () => {
    await release.promise
    done.push('a1')
  })
  const next = serial('a', async () => void done.push('a2'))
  await serial('b', async () => void done.push('b1'))
  release.resolve()
  await Promise.all([blocked, next])
  t.same(done, ['b1', 'a1', 'a2'])
})
