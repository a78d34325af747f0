/** Runs the tests of this folder once more, on addons that are built with sanitizers. */
import { execFile } from 'node:child_process'
import t from 'tap'
import { sanitizerRuntime } from '../../scripts/test-sanitize.ts'

const skip = sanitizerRuntime() === undefined && 'the C++ compiler has no libasan'
t.setTimeout(1_800_000)

t.test('the tests of the addons are clean under AddressSanitizer and UndefinedBehaviorSanitizer', { skip }, (t) => {
  execFile('npm', ['run', '--silent', 'test:sanitize'], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
    t.comment(stdout)
    t.equal(error, null, `${stdout}${stderr}`)
    t.match(stdout, /test:sanitize: [1-9]\d* files passed, 0 failed\n$/)
    t.end()
  })
})
