/** `weft click elements`. */
import { commonHandlers, type ElementClass, type Handler } from '../../click/element.ts'
import { catalogue } from '../../click/elements/catalogue.ts'
import { isOfClickAlone } from '../../click/elements/known.ts'
import type { Run } from '../../controller/cli/command.ts'
import type { Context } from '../../controller/cli/context.ts'
import { exit } from '../../controller/cli/exit.ts'
import { printValue } from '../../controller/cli/print.ts'
import { type Column, formatFields, formatTable } from '../../controller/cli/table.ts'
import { UsageError } from '../../controller/cli/usage-error.ts'
import { suggest } from '../../controller/description/nearest.ts'
import type { clickElementsFlags } from '../declare-click.ts'

/** Everything but functions. */
export const describeElement = ({
  name,
  summary,
  ports,
  processing,
  flow,
  list,
  engines,
  origin,
  ...rest
}: ElementClass) => ({
  name,
  summary,
  ports,
  processing,
  flow,
  arguments: Object.entries(rest.arguments).map(([argument, { type, text, positional, mandatory, ...more }]) => ({
    name: argument,
    type: type.name,
    text,
    positional,
    mandatory,
    ...(more.default === undefined ? {} : { default: more.default }),
  })),
  ...(list ? { list: { name: list.name, type: list.type.name, text: list.text } } : {}),
  handlers: rest.handlers,
  engines,
  origin,
})

const columns: readonly Column<ElementClass>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'PORTS', cell: ({ ports }) => ports },
  { title: 'PROCESSING', cell: ({ processing }) => processing },
  { title: 'OF', cell: ({ origin }) => origin },
  { title: 'SUMMARY', cell: ({ summary }) => summary },
]

type ArgumentRow = ReturnType<typeof describeElement>['arguments'][number]

const argumentColumns: readonly Column<ArgumentRow>[] = [
  { title: 'ARGUMENT', cell: ({ name }) => name },
  { title: 'TYPE', cell: ({ type }) => type },
  {
    title: 'GIVEN',
    cell: ({ positional, mandatory }) => `${positional ? 'by place or name' : 'by name'}${mandatory ? ', always' : ''}`,
  },
  { title: 'DEFAULT', cell: (row) => row.default ?? '' },
  { title: 'TEXT', cell: ({ text }) => text },
]

const handlerColumns: readonly Column<Handler>[] = [
  { title: 'HANDLER', cell: ({ name }) => name },
  { title: 'ACCESS', cell: ({ read, write }) => [...(read ? ['read'] : []), ...(write ? ['write'] : [])].join(',') },
  { title: 'TEXT', cell: ({ text }) => text },
]

const printElement = ({ stdout, colour }: Context, elementClass: ElementClass): void => {
  const { name, summary, ports, processing, flow, list, engines, origin } = elementClass
  const args = describeElement(elementClass).arguments
  const fields = [
    ['name', name],
    ['summary', summary],
    ['ports', ports],
    ['processing', processing],
    ['flow', flow],
    ['arguments', list ? `${list.name}, ...: ${list.text}` : args.length === 0 ? 'none' : ''],
    ['engines', engines.join(', ')],
    ['of', origin],
  ] as const
  stdout.write(formatFields(fields, colour.stdout))
  if (args.length > 0) stdout.write(`\n${formatTable(argumentColumns, args, colour.stdout)}`)
  stdout.write(`\n${formatTable(handlerColumns, [...elementClass.handlers, ...commonHandlers], colour.stdout)}`)
}

const findElement = (name: string): ElementClass => {
  const found = catalogue.get(name)
  if (found) return found
  if (isOfClickAlone(name)) throw new UsageError(`element class '${name}' is Click's, and not supported`)
  throw new UsageError(`unknown element class '${name}'`, suggest(name, [...catalogue.keys()]))
}

export const run: Run<typeof clickElementsFlags> = async (context, { flags, args }) => {
  const [name] = args
  if (name !== undefined) {
    const found = findElement(name)
    if (flags.json) await printValue(context, describeElement(found), 'json')
    else printElement(context, found)
    return exit.ok
  }
  const classes = [...catalogue.values()]
  if (flags.json) await printValue(context, classes.map(describeElement), 'json')
  else context.stdout.write(formatTable(columns, classes, context.colour.stdout))
  return exit.ok
}
