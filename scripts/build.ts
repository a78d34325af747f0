/**
 * Emits the package: .js and .d.ts of every part into dist/ (Node strips no types below node_modules), and beside them the files that
 * the parts read at run time.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

rmSync('dist', { recursive: true, force: true })
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (tsc.status !== 0) process.exit(tsc.status ?? 1)

const assets = globSync('{agent,bin,click,controller,lab,native,proto}/**/*.{json,xsd,sh,yaml,proto}', {
  exclude: (path) => /(^|\/)test(\/|$)/.test(path),
})
for (const file of assets) {
  const target = join('dist', file)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(file, target)
}
console.log(`dist: ${globSync('dist/**/*.js').length} modules, ${assets.length} other files`)
