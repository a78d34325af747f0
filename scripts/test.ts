/**
 * Runs the tests of one tier or more: `node scripts/test.ts [unit|root|emulated …]` (all without arguments), in that order, stopping at the
 * first tier that fails. Prints a line a file, what was skipped and why, and failures in full; the last line is
 * `N passed, N failed` (and `, N skipped`), counted in assertions. After each tier that needs root it looks for what tests left on the machine.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { left, machineState, releaseNamespaceDirectory } from './machine-state.ts'

/**
 * Whether files share processes, how many of these run at once, and the seconds that one file may take: a loaded machine can be twenty times
 * slower. An emulated host is a world of its own, and has one processor or two. All are run by test-files.ts: several commands `tap` at once
 * in one directory remove each other's .tap/processinfo.
 */
const tiers = {
  unit: { together: true, atOnce: 2, timeoutSeconds: 120 },
  root: { together: false, atOnce: 2, timeoutSeconds: 900 },
  emulated: { together: false, atOnce: 2, timeoutSeconds: 1800 },
} as const

/** These measure rates and what is lost on the way, or look at the machine as a whole: each runs alone, before the others. */
const alone = [
  'agent/click/routes/test/concurrent.root.test.ts',
  'agent/click/routes/test/many-routes.root.test.ts',
  'agent/click/service/test/swap-traffic.root.test.ts',
  'agent/datapath/test/egress.root.test.ts',
  'agent/datapath/test/forwarding-change.root.test.ts',
  'agent/datapath/test/isolation-matrix.root.test.ts',
  'agent/datapath/test/isolation.root.test.ts',
  'agent/datapath/test/links-rates.root.test.ts',
  'agent/datapath/test/nic-queueing.root.test.ts',
  'agent/datapath/test/rates-shared.root.test.ts',
  'agent/datapath/test/rates.root.test.ts',
  'bench/test/forward.root.test.ts',
  'lab/test/lab.root.test.ts',
  'lab/test/live-changes.root.test.ts',
  'lab/test/untouched.root.test.ts',
]

/** A process that prints nothing for so much longer than a file may take is in a loop that never waits: tap ends everything else. */
const graceSeconds = 300

type Tier = keyof typeof tiers

const missing = alone.filter((file) => !existsSync(file))
if (missing.length > 0) throw new Error(`tests that are to run alone are not there: ${missing.join(', ')}`)

const isTier = (name: string): name is Tier => name in tiers

const filesOf = (tier: Tier): string[] =>
  globSync('{agent,bench,bin,click,controller,examples,lab,native,proto,scripts}/**/test/**/*.test.ts')
    .filter((file) => {
      const special = /\.(root|emulated)\.test\.ts$/.exec(file)
      return special ? special[1] === tier : tier === 'unit'
    })
    .sort()

interface Counts {
  passed: number
  failed: number
  skipped: number
}

const add = (total: Counts, counts: Counts): void => {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
}

/** Unit tests that share a process: those of one folder of a part. A file that is added changes the company of its neighbours alone. */
const groupsOf = (files: readonly string[]): string[][] => [
  ...Map.groupBy(files, (file) => file.split('/').slice(0, 2).join('/')).values(),
]

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Reads TAP version 14 as tap prints it: a file's own lines are indented or, where files run at once, within braces. */
const follow = async (lines: AsyncIterable<string>, counts: Counts): Promise<ReadonlySet<string>> => {
  const ended = new Set<string>()
  let file: string[] = []
  for await (const line of lines) {
    const summary =
      /^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?(?:, todo: (\d+))? \}/.exec(line)
    if (summary) {
      counts.passed += Number(summary[2] ?? 0)
      counts.failed += Number(summary[3] ?? 0)
      counts.skipped += Number(summary[4] ?? 0)
      continue
    }
    file.push(line)
    const end = /^(not ok|ok) \d+ - (\S+).*?(?:# time=([\d.]+m?s))?( \{)?$/.exec(line)
    if (!end && line !== '}') continue
    if (end?.[4]) continue
    const head =
      end ?? file.map((l) => /^(not ok|ok) \d+ - (\S+).*?(?:# time=([\d.]+m?s))?( \{)?$/.exec(l)).find(Boolean)
    if (!head?.[2]) continue
    ended.add(head[2])
    if (head[1] === 'ok') console.log(`  ok  ${head[2]}  ${head[3] ?? ''}`)
    else console.log([`  FAILED  ${head[2]}`, ...file].join('\n'))
    for (const skipped of file) {
      const skip = /ok \d+ - (.*?) # SKIP ?(.*)$/i.exec(skipped)
      if (skip) console.log(`      skipped: ${skip[1]}: ${skip[2] || 'no reason given'}`)
    }
    file = []
  }
  // A failure's diagnostics follow its line; what is left over here belongs to the last file or to tap itself.
  const rest = file.filter((line) => line.trim() !== '' && !/^(TAP version|1\.\.|# )/.test(line))
  if (rest.length > 0) console.log(rest.join('\n'))
  return ended
}

const runTier = async (tier: Tier): Promise<Counts> => {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  const files = filesOf(tier)
  console.log(`test:${tier}: ${files.length} files`)
  if (files.length === 0) return counts
  const started = performance.now()
  const before = tier === 'unit' ? undefined : machineState()
  const { together, atOnce, timeoutSeconds } = tiers[tier]
  const run = async (batch: readonly string[]): Promise<void> => {
    const child = spawn(process.execPath, ['scripts/test-files.ts', ...batch], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TAP_TIMEOUT: String(timeoutSeconds),
        // Compiled code is kept from one process to the next: a fifth of a small test's time.
        NODE_COMPILE_CACHE: join(process.cwd(), 'node_modules/.cache/weft-tests'),
      },
    })
    const watch = setTimeout(() => child.kill('SIGKILL'), (timeoutSeconds + graceSeconds) * 1000)
    child.stdout.on('data', () => watch.refresh())
    const exited = new Promise<number | string>((resolve) =>
      child.on('exit', (status, signal) => resolve(status ?? signal ?? 1)),
    )
    const own: Counts = { passed: 0, failed: 0, skipped: 0 }
    const ended = await follow(createInterface({ input: child.stdout }), own)
    clearTimeout(watch)
    const end = await exited
    // What ended without a word of what failed is a failure too: a crash, something left open, a file that was not heard of again.
    const unheard = batch.filter((file) => !ended.has(file))
    if (own.failed === 0 && (end !== 0 || unheard.length > 0)) {
      own.failed = 1
      console.log(
        `  FAILED  the process of these ended with ${end}: ${(unheard.length > 0 ? unheard : batch).join(' ')}`,
      )
    }
    add(counts, own)
  }
  // Tests that do not all run together stop at the first file that fails: what follows would stand on what it left.
  const runEach = async (queue: string[], lanes: number): Promise<void> => {
    const runNext = async (): Promise<void> => {
      for (let file = queue.shift(); file && counts.failed === 0; file = queue.shift()) await run([file])
    }
    await Promise.all(Array.from({ length: lanes }, runNext))
  }
  if (together) {
    const queue = groupsOf(files)
    const runNext = async (): Promise<void> => {
      for (let group = queue.shift(); group; group = queue.shift()) await run(group)
    }
    await Promise.all(Array.from({ length: atOnce }, runNext))
  } else {
    const runsAlone = (file: string): boolean => alone.includes(file)
    await runEach(files.filter(runsAlone), 1)
    await runEach(
      files.filter((file) => !runsAlone(file)),
      atOnce,
    )
  }
  if (before) {
    releaseNamespaceDirectory(before)
    const things = left(before, machineState())
    if (things.length > 0) {
      counts.failed++
      console.log(`  FAILED  the tests left on this machine:\n${things.map((thing) => `    ${thing}`).join('\n')}`)
    }
  }
  console.log(
    `test:${tier}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds(started)}`,
  )
  return counts
}

const names = process.argv.slice(2)
const unknown = names.filter((name) => !isTier(name))
if (unknown.length > 0) {
  console.error(`no tier ${unknown.join(', ')}: there are ${Object.keys(tiers).join(', ')}`)
  process.exit(2)
}
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
for (const tier of names.length > 0 ? names.filter(isTier) : (Object.keys(tiers) as Tier[])) {
  const counts = await runTier(tier)
  add(total, counts)
  if (counts.failed > 0) break
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
