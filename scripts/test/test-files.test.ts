import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

t.setTimeout(600_000)

const passes = `import t from 'tap'
t.setTimeout(60_000)
t.test('passes', async (t) => { t.equal(1, 1); t.ok(t.testdir()) })
t.test('is skipped', { skip: 'not here' }, async () => {})
t.teardown(() => console.error('torn down'))
`

/** Runs test files of these texts together: what tap printed, how each file ended (`ok`, `not ok`) by name, and how the process did. */
const run = async (t: Test, texts: Readonly<Record<string, string>>, timeoutSeconds = 300) => {
  const directory = t.testdir(texts)
  const files = Object.keys(texts).map((name) => `${directory}/${name}`)
  const child = spawn(process.execPath, ['scripts/test-files.ts', ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutSeconds), TAP_CHILD_ID: '' },
  })
  const [out, errors, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  const ends = [...out.matchAll(/^(ok|not ok) \d+ - .*?([^/]+\.mjs)/gm)].map(([, end, name]) => [name, end])
  return { out, errors, end: status ?? signal, files: Object.fromEntries(ends) }
}

t.test('files are tests of one process, each with its own t, and all are counted', async (t) => {
  const { out, errors, end, files } = await run(t, { 'a.mjs': passes, 'b.mjs': passes })
  t.same(files, { 'a.mjs': 'ok', 'b.mjs': 'ok' })
  t.match(out, /^# \{ total: 6, pass: 4, skip: 2 \}$/m)
  t.equal(errors.match(/torn down/g)?.length, 2)
  t.equal(end, 0)
})

t.test('what fails fails its file, and the process', async (t) => {
  const { out, end, files } = await run(t, {
    'assertion.mjs': `import t from 'tap'\nt.test('x', async (t) => t.equal(1, 2))`,
    'later.mjs': `import t from 'tap'\nt.test('x', (t) => setTimeout(() => { t.equal(1, 2); t.end() }, 10))`,
    'thrown.mjs': `throw new Error('at the top')`,
    'passes.mjs': passes,
    'thrown-later.mjs': `import t from 'tap'\nt.test('x', (t) => setTimeout(() => { throw new Error('later') }, 10))`,
    'no-module.mjs': `import './not-there.mjs'`,
    'no-tests.mjs': 'export default 1',
    'nested.mjs': `import t from 'tap'\nt.test('x', (t) => t.test('y', async (t) => t.fail()))`,
  })
  t.equal(files['passes.mjs'], 'ok')
  for (const [name, verdict] of Object.entries(files)) if (name !== 'passes.mjs') t.equal(verdict, 'not ok', name)
  t.equal(Object.keys(files).length, 8)
  t.match(out, /^# \{ total: 10, pass: 2, fail: 7, skip: 1 \}$/m)
  t.equal(end, 1)
})

t.test('a file that never ends fails those after it', async (t) => {
  const never = `import t from 'tap'\nt.test('x', () => new Promise(() => {}))`
  const { end, files } = await run(t, { 'never.mjs': never, 'passes.mjs': passes })
  t.same(files, { 'never.mjs': 'not ok', 'passes.mjs': 'not ok' })
  t.equal(end, 1)
})

t.test('a process that a file ends does not end well', async (t) => {
  const exits = `import t from 'tap'\nt.test('x', async () => process.exit(0))`
  const { end, files } = await run(t, { 'exits.mjs': exits, 'passes.mjs': passes })
  t.not(files['passes.mjs'], 'ok')
  t.not(end, 0)
})

t.test('what is left open is told, and fails', async (t) => {
  const open = `import t from 'tap'
import { createServer } from 'node:net'
t.test('x', async (t) => { createServer().listen(0, '127.0.0.1'); t.pass() })`
  const { errors, out, end } = await run(t, { 'open.mjs': open }, 3)
  t.match(out + errors, /type: Server/)
  t.not(end, 0)
})
