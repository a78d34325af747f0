/** Nothing of the catalogue is left out of the comparison with the reference. */
import t from 'tap'
import { catalogue } from '../../../click/elements/catalogue.ts'
import { splitArguments } from '../../../click/language/strings.ts'
import { argument, nowhere } from './reference/elements.ts'
import { makers } from './reference/interpret.ts'
import { allConfigurations } from './support/all.ts'
import { graphOf } from './support/compare.ts'

/** What shows in no packet of a run, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'FromDevice ATTACH': 'says which hook; a run has one of its own',
  'FromDevice SNIFFER': 'lets the host see packets too; refused where true',
  'FromDevice ACTIVE': 'takes no packets; refused where false',
  'FromDevice FORCE_IP': 'takes IP alone; refused where true',
  'FromDevice OUTBOUND': 'takes what the host sends; refused where true',
  'FromDevice PROTOCOL': 'takes one Ethernet type alone; refused',
  'FromDevice BPF_FILTER': 'takes what it matches alone; refused',
  'FromDevice ALLOW_NONEXISTENT': 'takes a device that is not there; refused where true',
  'FromDevice UP_CALL': 'calls a handler; refused',
  'FromDevice DOWN_CALL': 'the same',
  'ToDevice ALLOW_NONEXISTENT': 'takes a device that is not there; refused where true',
  'ToDevice UP_CALL': 'calls a handler; refused',
  'ToDevice DOWN_CALL': 'the same',
  'Counter COUNT_CALL': 'calls a handler where packets pass; refused',
  'Counter BYTE_COUNT_CALL': 'the same',
  'Discard ACTIVE': 'is for pulling; refused where packets are pushed',
  'Discard BURST': 'is for pulling',
  'ToHost SNIFFERS': 'keeps packets from the host; refused',
  'ToHost ALLOW_NONEXISTENT': 'takes a device that is not there; refused',
}

const given = allConfigurations.flatMap(({ text }) =>
  graphOf(text).elements.map((element) => ({ class: element.class, arguments: splitArguments(element.configuration) })),
)

t.test('every class of the catalogue is compared, and the reference has it', async (t) => {
  const used = new Set(given.map((element) => element.class))
  for (const name of catalogue.keys()) {
    t.ok(makers[name], `the reference has ${name}`)
    t.ok(used.has(name), `${name} is in a configuration`)
  }
})

t.test('every argument of every class is given in a configuration that is compared', async (t) => {
  for (const { name, arguments: known, list } of catalogue.values()) {
    const elements = given.filter((element) => element.class === name)
    if (list)
      t.ok(
        elements.some((element) => element.arguments.length > 0),
        `${name} ${list.name}`,
      )
    const places = Object.keys(known).filter((key) => known[key]?.positional)
    for (const key of Object.keys(known)) {
      const place = places.includes(key) ? places.indexOf(key) : nowhere
      const isGiven = elements.some((element) => argument(element.arguments, key, place) !== undefined)
      t.not(isGiven, Boolean(exceptions[`${name} ${key}`]), `${name} ${key}`)
    }
  }
})
