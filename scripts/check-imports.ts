/**
 * Enforces who may import what (docs/architecture.md): prints each import that crosses a wall, as file:line, and exits 1.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Of each part, the parts of ours that it may import beside itself. */
const rules: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  native: [],
  click: [],
  agent: ['proto', 'native', 'click'],
  controller: ['proto', 'click'],
  lab: ['proto', 'native', 'click', 'agent', 'controller', 'bin'],
  bin: ['proto', 'native', 'click', 'agent', 'controller', 'lab'],
  bench: ['proto', 'native', 'click', 'agent', 'controller', 'lab'],
  scripts: ['proto'],
}

/** Parts that stay pure: no I/O, no clock, no process of Node's. */
const pure = ['click/', 'controller/mapping/', 'controller/ledger/', 'agent/ebpf/asm']

/** Tests of any part may use the lab and the broker: they run the part for real. */
const isTest = (file: string): boolean => /\/test\//.test(file)

/** A wall that `file` breaks by importing `specifier`; undefined where it may. */
export const violation = (file: string, specifier: string): string | undefined => {
  const part = file.split('/')[0] ?? ''
  const allowed = rules[part]
  if (!allowed) return `${part} is no part of the project that check-imports knows`
  if (!specifier.startsWith('.')) {
    const impure = specifier.startsWith('node:') && pure.some((prefix) => file.startsWith(prefix)) && !isTest(file)
    return impure ? `${file} is pure: it may not import ${specifier}` : undefined
  }
  const target = normalize(join(dirname(file), specifier)).split('/')[0] ?? ''
  if (target === part || allowed.includes(target) || !(target in rules)) return undefined
  if (isTest(file) && (target === 'lab' || target === 'scripts')) return undefined
  return `${part} may not import ${target} (only ${allowed.join(', ') || 'nothing of ours'})`
}

const importPattern = /(?:from|import)\s*\(?\s*'([^']+)'/g

const main = (): void => {
  const files = globSync('{agent,bench,bin,click,controller,lab,native,proto,scripts}/**/*.{ts,js,mjs}').filter(
    (file) => !file.includes('node_modules'),
  )
  let broken = 0
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const match of text.matchAll(importPattern)) {
      const words = violation(file, match[1] ?? '')
      if (!words) continue
      broken++
      console.error(`${file}:${text.slice(0, match.index).split('\n').length}: ${words}`)
    }
  }
  if (broken > 0) process.exit(1)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
