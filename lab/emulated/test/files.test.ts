import t from 'tap'
import { readResults } from './files.ts'

t.test('what test files print in a kernel host is read file by file, its outermost tests alone', (t) => {
  const results = readResults(
    [
      'weft-test-file a.test.ts',
      'TAP version 14',
      '# Subtest: works',
      '    ok 1 - should be equal',
      '    not ok 2 - should be equal # TODO one day',
      '    1..2',
      'ok 1 - works # time=12.5ms',
      '',
      'ok 2 - needs more # SKIP no emulator',
      '1..2',
      'weft-test-status 0',
      'weft-test-file b.test.ts',
      'not ok 1 - breaks # time=1ms',
      'weft-test-status 1',
      'weft-test-file c.test.ts',
      'ok 1 - begins # time=1ms',
      '',
    ].join('\n'),
  )
  t.match(results, [
    {
      file: 'a.test.ts',
      status: 0,
      tests: [
        { name: 'works', passed: true, skipped: '' },
        { name: 'needs more', passed: true, skipped: 'no emulator' },
      ],
    },
    { file: 'b.test.ts', status: 1, tests: [{ name: 'breaks', passed: false }] },
    { file: 'c.test.ts', status: -1, tests: [{ name: 'begins', passed: true }] },
  ])
  t.equal(results.length, 3)
  t.end()
})
