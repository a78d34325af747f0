import { readFileSync } from 'node:fs'
import t from 'tap'
import { exit } from '../../controller/cli/exit.ts'
import { globalFlags } from '../../controller/cli/flags.ts'
import { commands } from '../commands.ts'
import { flagTable, usageBlock } from './reference.ts'

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

/** By heading: "weft get" to what stands below it, up to the next heading. */
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.split('\n')[0] ?? '', section.split(/^#/m)[0] ?? ''] as const),
)

t.test('docs/cli.md has every command, its usage, its flags and their variables', async (t) => {
  for (const command of commands) {
    const section = sections.get(`weft ${command.name}`) ?? ''
    t.ok(section.includes(usageBlock(command)), `weft ${command.name}: ${usageBlock(command)}`)
    t.ok(section.includes(flagTable(command.flags)), `weft ${command.name}:\n${flagTable(command.flags)}`)
    for (const { name } of command.arguments) t.ok(section.includes(name), `weft ${command.name}: ${name}`)
  }
})

t.test('and none that there is not', async (t) => {
  const known = new Set(commands.map(({ name }) => `weft ${name}`))
  t.same(
    [...sections.keys()].filter((heading) => heading.startsWith('weft ') && !known.has(heading)),
    [],
  )
})

t.test('it has the flags of every command and the exit statuses', async (t) => {
  t.ok(text.includes(flagTable(globalFlags)), flagTable(globalFlags))
  const rows = [...text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))
  t.same(rows, Object.values(exit))
})
