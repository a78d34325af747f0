/**
 * Builds the addons with AddressSanitizer and UndefinedBehaviorSanitizer into build/Debug, and runs the tests of native/ on them (those of
 * the root tier too, where it is root), each process with the sanitizer's runtime first: `npm run test:sanitize [FILE …]`. It fails where a
 * test fails, where the sanitizers report anything, and where memory leaks that an addon allocated; what Node or a library leaks by
 * itself is not ours to judge. Exit status 2 where this machine cannot, with the reason.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Path of the sanitizer's runtime; undefined where the compiler has none. */
export const sanitizerRuntime = (): string | undefined => {
  try {
    const path = execFileSync(process.env['CXX'] ?? 'g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
    // The compiler prints the bare name of a file that it does not find.
    return existsSync(path) ? realpathSync(path) : undefined
  } catch {
    return undefined
  }
}

/** Frames of our code in a report; what only Node or a library allocated is not ours to judge. */
const ours = /\bweft_\w+\.node\b|\bnative\/src\//

/** Node frees the promise of a call only when it is settled, which it cannot be once its worker or process has ended. */
const unsettledPromise = /\bnapi_create_promise\b/

/**
 * The error that libvirt's client keeps of a connection that broke while it was closed: virNetClientMarkClose saves it, virNetClientDispose
 * does not free it, and nobody else can (src/rpc/virnetclient.c, 9.0.0). One that our code asked for is called for from our frame.
 */
const keptByLibvirt = /\bvirSaveLastError\b.*\n\s*#\d+ .*\blibvirt\.so/

/** The search for leaks at the end of a process gives up where threads of libvirt come or go during it. */
export const notExamined = (report: string): boolean =>
  report.includes('LeakSanitizer has encountered a fatal error') && !report.includes('ERROR: AddressSanitizer')

/** The parts of a sanitizer's report that are about our code; none where only Node or a library leaks. */
export const findings = (report: string): readonly string[] => {
  if (notExamined(report)) return []
  if (!report.includes('LeakSanitizer: detected memory leaks')) return report.trim() === '' ? [] : [report]
  return report
    .split('\n\n')
    .filter((block) => /^(Direct|Indirect) leak/.test(block) && ours.test(block))
    .filter((block) => !unsettledPromise.test(block) && !keptByLibvirt.test(block))
    .map((block) => block.split('\n').slice(0, 12).join('\n'))
}

/** By way of npm, which knows where Node's headers are. */
const build = (): void => {
  execFileSync('npm', ['run', '--silent', 'build:sanitize'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * What must be loaded first: the runtime, and libraries whose calls it intercepts by name when it starts (libtirpc's, which libvirt calls).
 */
const preloads = (runtime: string): string => {
  const libraries = globSync('build/Debug/*.node').flatMap((addon) => {
    const resolved = execFileSync('ldd', [addon], { encoding: 'utf8', env: {} })
    return [...resolved.matchAll(/=> (\S*libtirpc\S*)/g)].map(([, path]) => path ?? '')
  })
  return [runtime, ...new Set(libraries)].join(':')
}

const run = (file: string, preload: string, logs: string): Promise<{ passed: boolean; output: string }> =>
  new Promise((resolve) => {
    // The slow way of reading a stack finds our frames also behind libraries that keep no frame pointers.
    const options = `log_path=${join(logs, 'report')}:malloc_context_size=40:fast_unwind_on_malloc=0:print_stacktrace=1`
    const child = spawn(process.execPath, ['--import', './native/test/support/sanitized.ts', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 900_000,
      env: {
        ...process.env,
        WEFT_ADDON_DIR: join(process.cwd(), 'build', 'Debug'),
        WEFT_PRELOAD: preload,
        LD_PRELOAD: preload,
        // A leak of Node's own is no failure: reports are judged below.
        ASAN_OPTIONS: `${options}:detect_leaks=1`,
        LSAN_OPTIONS: 'exitcode=0',
        UBSAN_OPTIONS: options,
      },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('close', (status, signal) => resolve({ passed: status === 0, output: `${output}${signal ?? ''}` }))
  })

const main = async (): Promise<number> => {
  const runtime = sanitizerRuntime()
  if (runtime === undefined) {
    console.error('test:sanitize: the C++ compiler has no libasan')
    return 2
  }
  build()
  const preload = preloads(runtime)
  const named = process.argv.slice(2)
  const files = (named.length > 0 ? named : globSync('native/test/*.test.ts').sort()).filter(
    (file) => !file.includes('sanitize') && (process.getuid?.() === 0 || !file.includes('.root.')),
  )
  let failed = 0
  for (const file of files) {
    const logs = mkdtempSync(join(tmpdir(), 'weft-sanitize-'))
    const { passed, output } = await run(file, preload, logs)
    const written = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))
    const reports = written.flatMap(findings)
    const unexamined = written.filter(notExamined).length
    rmSync(logs, { recursive: true })
    console.log(`  ${passed && reports.length === 0 ? 'ok ' : 'FAILED '} ${file}`)
    if (unexamined > 0) console.log(`      ${unexamined} processes ended too fast to be searched for leaks`)
    if (!passed) console.log(output)
    for (const report of reports) console.log(report)
    if (!passed || reports.length > 0) failed++
  }
  console.log(`test:sanitize: ${files.length - failed} files passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main())
