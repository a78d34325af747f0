import type { GraphElement } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'

const at = ({ name, landmark }: GraphElement) => ({ object: `element/${name}`, where: landmark })

/** What this engine does not do: an element class, an argument, a place in the graph. */
export const notSupported = (element: GraphElement, what: string): WeftError =>
  new WeftError('not-supported', `${element.name} :: ${element.class}: ${what} not supported`, at(element))

/** A configuration that is wrong in itself. */
export const invalid = (element: GraphElement, why: string, cause?: unknown): WeftError =>
  new WeftError('config.invalid', `${element.name} :: ${element.class}: ${why}`, { ...at(element), cause })
