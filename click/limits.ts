/**
 * Bounds on what a configuration may grow to while it is parsed and flattened. Click has only the first; a few lines of nested compound
 * elements, port lists or variables could otherwise take all memory.
 */
export const limits = {
  /** Compound elements and groups within each other, as in Click (`max_depth` of its lexer). */
  nesting: 50,
  /** Highest port number. */
  port: 65_535,
  /** Elements of one flat configuration. */
  elements: 100_000,
  /** Connections of one flat configuration. */
  connections: 400_000,
  /** Characters of one configuration string after variables are expanded, and of one element's name. */
  text: 1 << 20,
  /** Characters of all configuration strings and names of one flat configuration. */
  allText: 1 << 26,
  /** Characters of a configuration file. */
  source: 1 << 24,
} as const
