/** `weft get`: rows of VNets, nodes, links or vifs, once or as they change. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { suggest } from '../../description/nearest.ts'
import { askVNets, watchVNets } from '../ask.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import { type getFlags, resourceNames } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { knownVNet } from '../find-object.ts'
import { type Format, printRows, shownColumns } from '../print.ts'
import { headLine, layOut, rowLine } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { links } from '../view/links.ts'
import { nodes } from '../view/nodes.ts'
import type { Resource } from '../view/resource.ts'
import { vifs } from '../view/vifs.ts'
import { vnets } from '../view/vnets.ts'

const resources = { vnets, nodes, links, vifs } as unknown as Readonly<Record<string, Resource>>

/** Not of VNets, and asked of another role. */
const poolWords = ['pool', 'pools']

const resourceOf = (word: string): readonly [name: string, resource: Resource] => {
  const name = word.endsWith('s') ? word : `${word}s`
  const resource = Object.hasOwn(resources, name) ? resources[name] : undefined
  if (resource) return [name, resource]
  throw new UsageError(
    `"${word}" is nothing to get`,
    `${suggest(word, resourceNames)}; for one VNet: weft get vnets ${word}`,
  )
}

export const run: Run<typeof getFlags> = async (context, { flags, args }) => {
  const { output: format, watch, role } = flags
  const [word = 'vnets', vnet = ''] = args
  if (poolWords.includes(word)) {
    if (watch) throw new UsageError('pools cannot be watched', 'ask again without --watch')
    return (await import('./get-pools.ts')).getPools(context, vnet, format)
  }
  const [name, resource] = resourceOf(word)
  const states = vnet === '' ? await askVNets(context, '', { role }) : [await knownVNet(context, vnet, role)]
  if (watch) return watchRows(context, { resource, format, vnet, role }, states)
  await printRows(
    context,
    states.flatMap((state) => resource.rows(state)),
    { ...resource, format, single: resource === resources['vnets'] && vnet !== '', none: `no ${name}` },
  )
  return exit.ok
}

interface Watch {
  readonly resource: Resource
  readonly format: Format
  readonly vnet: string
  readonly role: string
}

/** Room for the words that a phase can become. */
const leastWidth = 'postponed'.length

/** What stands, then each row whenever it becomes another one. Columns keep the widths of the first table. */
const watchRows = async (context: Context, watch: Watch, first: readonly VNetState[]): Promise<number> => {
  const { resource, format, vnet, role } = watch
  const columns = shownColumns(resource.columns, format)
  const rows = first.flatMap((state) => resource.rows(state))
  const { widths, colour } = layOut(columns, rows, context.colour.stdout)
  const layout = { colour, widths: widths.map((width) => Math.max(width, leastWidth)) }
  const lineOf = (row: unknown): string => {
    if (format === 'json') return `${JSON.stringify(resource.json(row))}\n`
    return format === 'name' ? `${resource.name(row)}\n` : rowLine(columns, row, layout)
  }
  if (format === 'yaml') throw new UsageError('-o yaml has no end with --watch', '-o json gives one object a line')
  if (format === 'table' || format === 'wide') context.stdout.write(headLine(columns, layout))
  const shown = new Map<string, string>()
  for await (const state of watchVNets(context, vnet, { role, signal: context.signal })) {
    for (const row of resource.rows(state)) {
      const line = lineOf(row)
      const key = resource.name(row)
      if (shown.get(key) !== line) context.stdout.write(line)
      shown.set(key, line)
    }
  }
  return exit.ok
}
