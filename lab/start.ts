/** The entry of `npm start`. */
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderError } from '../controller/cli/render-error.ts'
import { takesColour } from '../controller/cli/terminal.ts'
import { runDemo } from './demo/demo.ts'
import { readOptions, usage } from './demo/options.ts'
import { weft } from './stack.ts'

const start = async (argv: readonly string[]): Promise<number> => {
  const options = readOptions(argv, join(dirname(dirname(weft())), 'examples/paper.xml'))
  if (!options) {
    process.stdout.write(usage)
    return 0
  }
  const ending = new AbortController()
  // npm passes on what the terminal has sent us already: the same Ctrl-C comes twice. One a second later means it.
  let asked = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (asked > 0 && performance.now() - asked > 1000) {
        process.stderr.write('\nnot everything is removed: the next start does it\n')
        process.exit(130)
      }
      asked ||= performance.now()
      ending.abort()
    })
  }
  let logs = ''
  try {
    return await runDemo({ ...options, requestFile: resolve(options.requestFile) }, ending.signal, (directory) => {
      logs = directory
    })
  } catch (error) {
    if (ending.signal.aborted) return 130
    process.stderr.write(`\n${renderError(error, { colour: takesColour(process.stderr, process.env), verbose: true })}`)
    return 1
  } finally {
    if (logs !== '' && !ending.signal.aborted) process.stderr.write(`the logs are in ${logs}\n`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let status = 2
  try {
    status = await start(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n\n${usage}`)
  }
  // Not process.exitCode: a handle that something left open must not keep the process.
  process.exit(status)
}
