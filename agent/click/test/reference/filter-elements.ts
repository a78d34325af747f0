/** IPClassifier and IPFilter. */
import { element, type Make } from './elements.ts'
import type { ReferencePacket } from './packet.ts'
import { patternTest, patternTestOf } from './pattern.ts'
import type { Answer } from './pattern-tests.ts'
import { wordsOf } from './pattern-words.ts'

/** What is open would be a comparison that says nothing. */
const known = (answer: Answer): boolean => {
  if (answer === undefined) throw new Error('a packet of the test ends within a number that is compared')
  return answer
}

export const filterElements: Readonly<Record<string, Make>> = {
  IPClassifier: ({ arguments: given, output }) => {
    const tests = given.map(patternTest)
    return element((packet: ReferencePacket) => {
      const port = tests.findIndex((test) => known(test(packet)))
      if (port >= 0) output(port, packet)
    })
  },
  IPFilter: ({ arguments: given, output }) => {
    const rules = given.map((text) => {
      const [action = '', ...words] = wordsOf(text)
      return { action, test: patternTestOf(words) }
    })
    return element((packet: ReferencePacket) => {
      const action = rules.find(({ test }) => known(test(packet)))?.action
      if (action === undefined || action === 'deny' || action === 'drop') return
      output(action === 'allow' ? 0 : Number(action), packet)
    })
  },
}
