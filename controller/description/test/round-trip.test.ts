import t from 'tap'
import { fillIn } from '../fill-in.ts'
import { formatRequest } from '../format.ts'
import { parseRequest } from '../parse.ts'
import { validateRequest } from '../validate.ts'
import { createRandom, randomRequest } from './random.ts'

const count = 150

for (const format of ['yaml', 'xml', 'json'] as const) {
  t.test(`a request written as ${format} and read again is the same`, async (t) => {
    for (let seed = 1; seed <= count; seed++) {
      const request = randomRequest(createRandom(seed))
      const problems = validateRequest(request)
      if (problems.length > 0) throw new Error(`seed ${seed} made an invalid request: ${problems[0]?.message}`)
      const text = await formatRequest(request, format)
      const read = await parseRequest(Buffer.from(text), { format }).catch((thrown) => thrown)
      if (!t.same(read.request, request, `seed ${seed}`, { diagnostic: false })) {
        t.comment(text, read.errors)
        return
      }
    }
  })
}

t.test('a request that is filled in is valid, and filling it in again changes nothing', async (t) => {
  for (let seed = 1; seed <= count; seed++) {
    const filled = fillIn(randomRequest(createRandom(seed)))
    if (!t.same(validateRequest(filled), [], `seed ${seed}`)) return
    if (!t.same(fillIn(filled), filled, `seed ${seed}`)) return
  }
})
