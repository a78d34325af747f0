import t from 'tap'
import { isRefusal } from '../../arguments/types.ts'
import { classifierPattern } from '../classifier.ts'
import { decide, formatDecision } from '../decision.ts'

const termsOf = (text: string): string => {
  const found = classifierPattern.parse(text)
  return isRefusal(found) ? found.refused : formatDecision(found.decision)
}

t.test('clauses come down to words of bytes', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    '-': 'true',
    '12/0800': 'data[12:2] == 0x800',
    '12/0806 20/0001': '(data[12:2] == 0x806 && data[20:2] == 0x1)',
    '0/0102030405': '(data[0:4] == 0x1020304 && data[4:1] == 0x5)',
    '0/4?': 'data[0:1] & 0xf0 == 0x40',
    '0/ffff%f00f': 'data[0:2] & 0xf00f == 0xf00f',
    '0/12??34': '(data[0:2] & 0xff00 == 0x1200 && data[2:1] == 0x34)',
    '0/??': 'true',
    '!12/0800': '!data[12:2] == 0x800',
    '! 12/0800 14/45': '(!data[12:2] == 0x800 && data[14:1] == 0x45)',
    '0/ABcd': 'data[0:2] == 0xabcd',
  }
  for (const [text, terms] of Object.entries(cases)) t.equal(termsOf(text), terms, text)
})

t.test('what is no pattern is said', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    x: 'expected a digit',
    '12': "expected '/'",
    '12/': 'value has less than 2 hex digits',
    '12/0': 'value has less than 2 hex digits',
    '12/080': 'value has odd number of hex digits',
    '12/0800%ff': 'mask has too few hex digits',
    '12/08%ffff': 'mask has too many hex digits',
    '12/0800 -': 'expected a digit',
    '99999/00': 'offset above 65535',
  }
  for (const [text, problem] of Object.entries(cases)) t.equal(termsOf(text), problem, text)
})

t.test('a clause beyond the end of the packet does not match, so its negation does', async (t) => {
  const matches = (text: string, packet: readonly number[]): boolean => {
    const found = classifierPattern.parse(text)
    return !isRefusal(found) && decide(found.decision, (_, offset) => packet[offset])
  }
  t.equal(matches('0/0102', [1, 2]), true)
  t.equal(matches('0/0102', [1]), false)
  t.equal(matches('!0/0102', [1]), true)
  t.equal(matches('0/01??', [1]), true, 'bytes that do not matter need not be there')
})
