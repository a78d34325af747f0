/** What the parts of a substrate file are read with: errors, places, amounts. */
import { WeftError } from '../../proto/errors.ts'
import { type Parsed, parseCpus, parseQuantity, type Quantity } from '../description/units.ts'
import type { Path, YamlFile } from '../yaml.ts'

export interface Reader {
  readonly errors: WeftError[]
  readonly positions: Map<string, string>
  readonly fail: (path: Path, message: string, hint: string) => void
  /** 0 where there is none, or where it is wrong (and told). */
  readonly amount: (kind: Quantity | 'cpus', value: string | number | undefined, path: Path) => number
  readonly declare: (object: string, path: Path) => void
}

export const readerOf = (yaml: YamlFile): Reader => {
  const errors: WeftError[] = []
  const positions = new Map<string, string>()
  const fail = (path: Path, message: string, hint: string): void => {
    errors.push(new WeftError('substrate.invalid', `${path.join('.')} ${message}`, { where: yaml.where(path), hint }))
  }
  return {
    errors,
    positions,
    fail,
    amount: (kind, value, path) => {
      if (value === undefined) return 0
      const parsed: Parsed = kind === 'cpus' ? parseCpus(String(value)) : parseQuantity(kind, String(value))
      if ('value' in parsed) return parsed.value
      const example = kind === 'cpus' ? '1.5' : kind.example
      fail(path, `is ${JSON.stringify(value)}, which ${parsed.problem}`, `for instance ${example}`)
      return 0
    },
    declare: (object, path) => positions.set(object, yaml.where(path)),
  }
}
