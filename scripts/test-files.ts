/**
 * Runs test files one after another in this process: `node scripts/test-files.ts FILE…`, paths from here. Each is one test of tap, in which
 * the tests of the file stand, so that what is printed of it is what `tap FILE` prints. To start Node and to load tap and the modules under
 * test takes longer than the tests of most files do; files that share a process pay it once.
 *
 * `import t from 'tap'` in such a file gives the test that stands for the file, so that its `t.teardown`, `t.setTimeout` and `t.testdir` are
 * its own, and it waits for the file before. Modules, and what they keep, are shared. `TAP_TIMEOUT`: the seconds of one file, 120 if unset.
 */
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import tap, { type Test } from 'tap'

const timeoutMs = Number(process.env['TAP_TIMEOUT'] ?? 120) * 1000
const files = new Map(process.argv.slice(2).map((file) => [pathToFileURL(resolve(file)).href, file]))

const tests = new Map<string, Test>()
const key = 'weft.tests'
Object.assign(globalThis, { [key]: tests })

const scheme = 'weft-test:'
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'tap' && files.has(context.parentURL ?? '')
      ? { url: `${scheme}${context.parentURL}`, format: 'module', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url.startsWith(scheme)
      ? {
          format: 'module',
          source: `export default globalThis['${key}'].get(${JSON.stringify(url.slice(scheme.length))})`,
          shortCircuit: true,
        }
      : next(url, context),
})

const runs = [...files].map(([url, file]) =>
  tap.test(file, { timeout: timeoutMs }, async (t) => {
    // As tap names it where a file has a process of its own; paths of sockets below it have no more than 107 bytes.
    t.testdirName = resolve('.tap/fixtures', file.replace(/[^a-zA-Z0-9._-]+/g, '-'))
    tests.set(url, t)
    await import(url)
    if (t.idle && t.counts.total === 0) t.fail('no tests in this file')
  }),
)

// Each file has its time; the process ends when nothing is left open. If something is, tap says what, and fails.
tap.setTimeout(0)
void Promise.allSettled(runs).then(() => setTimeout(() => process.kill(process.pid, 'SIGALRM'), timeoutMs).unref())
