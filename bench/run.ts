import { fileURLToPath } from 'node:url'
import { renderError } from '../controller/cli/render-error.ts'
import { UsageError } from '../controller/cli/usage-error.ts'

/** Reads a command line: what that throws is a word to whoever typed it, and no defect of the bench. Throws UsageError. */
export const readCommandLine = <T>(read: () => T): T => {
  try {
    return read()
  } catch (error) {
    throw new UsageError((error as Error).message, '--help prints the flags that there are')
  }
}

/**
 * Runs a bench where its file is what was started, and ends the process with the status that it gives: 2, with the error on standard error, where
 * it throws.
 * @param url import.meta.url of the bench
 */
export const runBench = async (url: string, main: (argv: readonly string[]) => Promise<number>): Promise<void> => {
  if (process.argv[1] !== fileURLToPath(url)) return
  let status = 2
  try {
    status = await main(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(renderError(error, { colour: false, verbose: true }))
  }
  process.exit(status)
}
