import { globSync, readFileSync } from 'node:fs'
import t from 'tap'
import { isRefusal } from '../../arguments/types.ts'
import { readPortCounts } from '../../check/port-counts.ts'
import { catalogue } from '../catalogue.ts'
import { isOfClickAlone } from '../known.ts'

const folder = new URL('..', import.meta.url)
const helpers = ['catalogue.ts', 'ip-lookup.ts', 'known.ts']
const files = globSync('*.ts', { cwd: folder }).filter((file) => !helpers.includes(file))
const texts = new Map(files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]))

t.test('one file an element class, its comment the manual', async (t) => {
  t.equal(files.length, catalogue.size)
  for (const [file, text] of texts) {
    const comment = /^\/\*\*\n([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
    const name = /^ \* ([A-Z]\w*)/.exec(comment)?.[1] ?? ''
    t.ok(catalogue.has(name), `${file}: ${name}`)
    t.match(comment, / \* Ports: .*\. Processing: /, `${file} says its ports`)
    const others =
      /See also: ([^.]*)\./
        .exec(comment)?.[1]
        ?.replace(/\s*\([^)]*\)|\n \*/g, '')
        .split(/,\s*/) ?? []
    for (const other of others) t.ok(catalogue.has(other), `${file} names ${other}`)
  }
})

t.test('every class is whole', async (t) => {
  for (const [name, each] of catalogue) {
    t.equal(each.name, name)
    t.ok(readPortCounts(each.ports), `${name}: ${each.ports}`)
    t.match(each.processing, /^[ahl]+(\/[ahl]+)?$/, name)
    t.match(each.summary, /^\S.*[^.]$/, name)
    t.notOk(isOfClickAlone(name), `${name} is ours`)
    for (const [argument, { type, default: standard, text }] of Object.entries(each.arguments)) {
      t.ok(standard === undefined || !isRefusal(type.parse(standard)), `${name} ${argument}: ${standard}`)
      t.ok(text !== '' && type.name !== '', `${name} ${argument}`)
    }
    const handlers = each.handlers.map((handler) => handler.name)
    t.equal(new Set(handlers).size, handlers.length, `${name}: each handler once`)
    t.ok(each.handlers.every(({ read, write }) => read || write))
  }
})

t.test('names of Click that there are not here are known', async (t) => {
  for (const name of ['Print', 'IPRewriter', 'BandwidthShaper', 'FromDump', 'RED']) t.ok(isOfClickAlone(name), name)
  for (const name of ['', 'Nonsense', 'Element']) t.notOk(isOfClickAlone(name), name)
})
