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
  allText: 1 << 27,
  /** Characters of a configuration file; 900,000 routes are 25 million. */
  source: 1 << 26,
  /** Parameters, definitions and arguments gone through while compound elements are put in their places. */
  steps: 20_000_000,
  /** Words of one pattern of IPFilter. */
  words: 20_000,
} as const
