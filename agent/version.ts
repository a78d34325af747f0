import { readFileSync } from 'node:fs'

/** Of package.json; the compiled copy of this file lies one directory deeper. */
export const agentVersion = (): string => {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        string
      >
      if (name === 'weft' && version) return version
    } catch {
      // The other place has it.
    }
  }
  return 'unknown'
}
