/** Runs test files of other parts in an emulated host, and tells each of their tests as one of ours. */
import type { Test } from 'tap'
import { runInKernelHost } from '../kernel-host.ts'
import { hostTimeoutMs } from './problem.ts'

export interface FileResult {
  readonly file: string
  /** Exit status; -1 for one that did not come to its end. */
  readonly status: number
  /** Its tests, as the outermost lines of TAP tell them. */
  readonly tests: readonly { readonly name: string; readonly passed: boolean; readonly skipped: string }[]
  readonly stdout: string
}

/** What inside/files.sh printed, by file. */
export const readResults = (text: string): readonly FileResult[] =>
  text
    .split(/^weft-test-file /m)
    .slice(1)
    .map((part) => {
      const file = part.slice(0, part.indexOf('\n'))
      const [stdout = '', status] = part.slice(file.length + 1).split(/^weft-test-status /m)
      const lines = stdout.matchAll(/^(not )?ok \d+ - (.*?)(?: # SKIP ?(.*?))?(?: # time=\S+)?$/gm)
      const tests = [...lines].map(([, not, name = '', skipped = '']) => ({
        name,
        passed: not === undefined,
        skipped,
      }))
      return { file, status: status === undefined ? -1 : Number(status), tests, stdout }
    })

/** Runs files with Node, one after the other, in one emulated host. */
export const runFiles = async (
  files: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  runInHost: typeof runInKernelHost = runInKernelHost,
): Promise<readonly FileResult[]> => {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const argv = ['env', ...variables, 'sh', 'lab/emulated/test/inside/files.sh', ...files]
  const { stdout, stderr } = await runInHost(argv, { timeoutMs: hostTimeoutMs })
  const results = readResults(stdout)
  const failed = results.filter(({ status }) => status !== 0).map(({ file }) => file)
  // Node's own words about a file that it could not run are all on standard error.
  if (failed.length > 0) process.stderr.write(`standard error of ${failed.join(', ')}:\n${stderr}`)
  return results
}

/** The file must have come to its end and each of its tests have passed; what is skipped there is skipped here, with its reason. */
export const tellFile = (t: Test, { file, status, tests, stdout }: FileResult): Promise<unknown> =>
  t.test(file, async (t) => {
    for (const { name, passed, skipped } of tests) {
      if (skipped === '') t.ok(passed, name)
      else await t.test(name, { skip: skipped }, () => undefined)
    }
    t.ok(tests.length > 0 && status === 0, `the file ends with status ${status}`)
    if (status !== 0) t.comment(stdout)
  })
