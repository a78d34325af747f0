/** Forms of files, ours and others', and how one is told from the other. */
import { type Format, formatOf } from '../text.ts'

export const foreignForms = ['rspec', 'containerlab', 'graphml', 'gml'] as const

export type ForeignForm = (typeof foreignForms)[number]

/** What a request can be read from. */
export type Form = Format | ForeignForm

export const isForeign = (form: Form): form is ForeignForm => (foreignForms as readonly string[]).includes(form)

/** By the file's name where its ending says it, else by how the text begins. */
export const formOf = (file: string, text: string): Form => {
  if (/\.rspec$/i.test(file)) return 'rspec'
  if (/\.graphml$/i.test(file)) return 'graphml'
  if (/\.gml$/i.test(file)) return 'gml'
  if (/\.clab\.ya?ml$/i.test(file)) return 'containerlab'
  const format = formatOf(file, text)
  if (format === 'xml') return rootName(text) ?? format
  if (format === 'json') return format
  if (isContainerlab(text)) return 'containerlab'
  return !/\.ya?ml$/i.test(file) && isGml(text) ? 'gml' : format
}

const rootName = (text: string): Form | undefined => {
  const name = /<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]/.exec(text.replace(/<!--[\s\S]*?-->/g, ''))?.[1]
  return name === 'rspec' || name === 'graphml' ? name : undefined
}

/** Our own begins with `vnet`, and has no `topology`. */
const isContainerlab = (text: string): boolean => /^topology[ \t]*:/m.test(text) && !isOurs(text)

/** A key and its value with a bracket, and no colon between them. */
const isGml = (text: string): boolean => /^[ \t]*graph[ \t]*(?:\r?\n[ \t]*)?\[/m.test(text) && !isOurs(text)

const isOurs = (text: string): boolean => /^vnet[ \t]*:/m.test(text)
