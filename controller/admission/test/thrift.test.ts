import t from 'tap'
import { createUsual, type Demand, dearnessOf } from '../thrift.ts'

const usual: Demand = { cpu: 10, rate: 100, lifetime: 50 }
const half = { cpu: 0.5, rate: 0.5 }

t.test('what is usual costs one while half is free', async (t) => {
  t.equal(dearnessOf(usual, usual, half), 1)
})

t.test('it is the dearer the more it takes, the longer it stays and the less is free', async (t) => {
  t.equal(dearnessOf({ ...usual, cpu: 30, rate: 300 }, usual, half), 3)
  t.equal(dearnessOf({ ...usual, lifetime: 400 }, usual, half), 2)
  t.equal(dearnessOf(usual, usual, { cpu: 0.75, rate: 0.75 }), 3)
  t.equal(dearnessOf(usual, usual, { cpu: 0.5, rate: 1 }), 3)
})

t.test('nothing is dear on an empty substrate, all is on a full one', async (t) => {
  t.equal(dearnessOf({ cpu: 1e9, rate: 1e9, lifetime: 0 }, usual, { cpu: 0, rate: 0 }), 0)
  t.equal(dearnessOf(usual, usual, { cpu: 1, rate: 1 }), Number.POSITIVE_INFINITY)
  t.equal(dearnessOf({ cpu: 0, rate: 0, lifetime: 1 }, usual, { cpu: 1, rate: 1 }), 0, 'but what takes nothing')
})

t.test('what never ends counts as eight lifetimes, and as one where nothing ends', async (t) => {
  t.equal(dearnessOf({ ...usual, lifetime: 0 }, usual, half), 2)
  t.equal(dearnessOf({ ...usual, lifetime: 0 }, { ...usual, lifetime: 0 }, half), 1)
})

t.test('what nobody asks for, or the substrate has none of, is left out', async (t) => {
  t.equal(dearnessOf({ cpu: 20, rate: 0, lifetime: 50 }, { ...usual, rate: 0 }, { cpu: 0.5, rate: Number.NaN }), 2)
  t.equal(dearnessOf(usual, usual, { cpu: Number.NaN, rate: Number.NaN }), 0)
})

t.test('the usual is the mean of the last, lifetimes of those that end', async (t) => {
  const { add, mean } = createUsual(2)
  t.same(mean(), { cpu: 0, rate: 0, lifetime: 0 })
  add({ cpu: 1000, rate: 0, lifetime: 7 })
  add({ cpu: 2, rate: 10, lifetime: 30 })
  add({ cpu: 4, rate: 20, lifetime: 0 })
  t.same(mean(), { cpu: 3, rate: 15, lifetime: 30 })
})
