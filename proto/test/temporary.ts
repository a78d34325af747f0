import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A directory with a path short enough for a unix socket (107 bytes, unix(7)), removed with the test. */
export const temporaryDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
