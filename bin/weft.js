#!/usr/bin/env node
/**
 * The one entry of Weft. Plain JavaScript that Node 20 can read: it finds the pinned Node 24, becomes it, and loads bin/main from the
 * sources of a checkout or from what a published package has emitted (Node strips no types below node_modules).
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import module from 'node:module'
import { constants, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const oldest = 24
const file = realpathSync(fileURLToPath(import.meta.url))
const root = dirname(dirname(file))

const major = (version) => Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0)

/** The Node that package.json pins: in our own node_modules, or beside us where we are a dependency ourselves. */
const findPinned = () => {
  try {
    const path = module.createRequire(file).resolve('node/package.json')
    const node = join(dirname(path), 'bin/node')
    return major(JSON.parse(readFileSync(path, 'utf8')).version) >= oldest && existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}

/** True where signals of the terminal (Ctrl-C) reach our whole process group, the child with it: proc(5), fields pgrp and tpgid. */
const inForeground = () => {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[2] === fields[5]
  } catch {
    return false
  }
}

/**
 * An agent lives beside what it serves. V8 lets new objects have up to 48 MB before it looks for those that are still used, which a daemon
 * that works in bursts keeps ever after; with a small share of that it is as fast, and half as large after building a hundred nodes.
 */
const leanOptions = process.argv[2] === 'agent' ? ['--max-semi-space-size=2'] : []
const isLean = leanOptions.every((option) => process.execArgv.includes(option))

/** Runs the same command line under another Node and ends as that ends. */
const become = (node) => {
  const argv = [...leanOptions, ...process.execArgv, file, ...process.argv.slice(2)]
  // Since Node 22.15: no second process at all.
  if (process.execve) return process.execve(node, [node, ...argv])
  const child = spawn(node, argv, { stdio: 'inherit' })
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`, 'npm install'))
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(name, () => {
      const both = name === 'SIGINT' || name === 'SIGQUIT'
      if (!(both && inForeground())) child.kill(name)
    })
  }
  child.on('exit', (status, signal) => {
    if (!signal) process.exit(status ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // Only where the signal does not end us.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100)
  })
}

const fail = (message, hint) => {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`)
  process.exit(1)
}

/**
 * Compiled code, types stripped, is kept between starts: half of a short command's time. In the home of who runs it by the password
 * database, not by $HOME: under sudo, root must not run what the user could have written.
 */
const keepCompiled = () => {
  try {
    const { homedir, uid } = userInfo()
    const directory = join(homedir, '.cache', 'weft')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const { mode, uid: owner } = statSync(directory)
    if (owner === uid && (mode & 0o022) === 0) module.enableCompileCache(directory)
  } catch {
    // No home or a read-only one: slower, not wrong.
  }
}

const run = () => {
  keepCompiled()
  const isCheckout = !root.split('/').includes('node_modules') && existsSync(join(root, 'bin/main.ts'))
  const main = isCheckout ? join(root, 'bin/main.ts') : join(root, 'dist/bin/main.js')
  if (!existsSync(main)) fail(`${main} is missing`, 'npm run build')
  return import(pathToFileURL(main).href).then(({ main }) => main())
}

if (major(process.version) >= oldest && (isLean || !process.execve)) await run()
else if (major(process.version) >= oldest) become(process.execPath)
else {
  const pinned = findPinned()
  if (pinned) become(pinned)
  else
    fail(
      `Node ${process.version} is older than ${oldest}, and there is no other`,
      `npm install, or a Node of at least ${oldest}`,
    )
}
