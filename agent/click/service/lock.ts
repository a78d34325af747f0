/**
 * One change of routers at a time, of all processes. The lock is SQLite's on an empty file (fcntl(2)), which Node has no call of its own for:
 * the kernel takes it from a process that dies, whatever it died of.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { WeftError } from '../../../proto/errors.ts'

const patienceMs = 60_000
const pauseMs = 20

/** SQLITE_BUSY */
const busy = 5

/** Rejects with WeftError router.busy where others hold it for a minute. */
export const exclusively = async <T>(directory: string, work: () => Promise<T>): Promise<T> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(directory, '.lock'), { timeout: 0 })
  try {
    const deadline = performance.now() + patienceMs
    while (!tryLock(database)) {
      if (performance.now() > deadline) {
        throw new WeftError('router.busy', `another change of routers in ${directory} does not end`)
      }
      await sleep(pauseMs)
    }
    return await work()
  } finally {
    database.close()
  }
}

const tryLock = (database: DatabaseSync): boolean => {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === busy) return false
    throw error
  }
}
