/**
 * What a lab leaves on disk while it runs, so that it can be found and ended from elsewhere, also after whoever started it crashed:
 * one directory a lab, with lab.json in it.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WeftError } from '../proto/errors.ts'
import { bootId, isAlive, type ProcessIdentity } from './processes.ts'

export interface HeldRecord {
  readonly name: string
  readonly kind: 'host' | 'switch' | 'fabric' | 'outside' | 'process'
  readonly identity: ProcessIdentity
  readonly namespaces: readonly string[]
  /** Of an emulated host: what runs a command in it, given as its arguments in the namespaces. */
  readonly inside?: readonly string[]
}

export interface LabState {
  readonly format: 1
  readonly name: string
  /** Start times of processes count from this boot. */
  readonly bootId: string
  /** Whoever started the lab: it ends the lab when it is asked to (SIGTERM), and the lab ends with it. */
  readonly supervisor: ProcessIdentity
  /** Control group that everything of the lab is in. */
  readonly group: string
  readonly held: readonly HeldRecord[]
  /** Everything that was asked for is there. */
  readonly ready: boolean
  /** Local sockets of its roles, by role: vno, vnp, pip. */
  readonly sockets: Readonly<Record<string, string>>
}

/** Of the name of a lab's control group. */
export const groupPrefix = 'weft-lab-'

/** Where labs are kept; WEFT_LAB_DIR moves it. Not below /run or /var/lib/weft, which virtual hosts have of their own. */
export const labBase = (): string => process.env['WEFT_LAB_DIR'] ?? '/var/lib/weft-lab'

/** Part of socket paths, which end at 107 bytes, and of control groups. */
export const isLabName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,23}$/.test(name)

export const labDirectory = (name: string, base = labBase()): string => {
  if (!isLabName(name)) {
    throw new WeftError('lab.unknown', `"${name}" is no name of a lab`, {
      hint: 'lower-case letters, digits and hyphens, at most 24',
    })
  }
  return join(base, name)
}

const stateFile = (directory: string): string => join(directory, 'lab.json')

/** undefined where no lab of that directory runs or crashed. */
export const readLabState = (directory: string): LabState | undefined => {
  try {
    const state = JSON.parse(readFileSync(stateFile(directory), 'utf8')) as LabState
    return state.format === 1 ? state : undefined
  } catch {
    return undefined
  }
}

/** Readers see the old state or the new one. */
export const writeLabState = (directory: string, state: LabState): void => {
  writeFileSync(`${stateFile(directory)}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${stateFile(directory)}.new`, stateFile(directory))
}

/** Removes lab.json: what is left of the directory, if anything, is logs. */
export const forgetLabState = (directory: string): void => rmSync(stateFile(directory), { force: true })

export const supervisorLives = (state: LabState): boolean => state.bootId === bootId() && isAlive(state.supervisor)

/** All labs that run or crashed. */
export const listLabs = (base = labBase()): readonly { readonly state: LabState; readonly directory: string }[] => {
  let names: readonly string[]
  try {
    names = readdirSync(base).filter(isLabName)
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const directory = join(base, name)
    const state = readLabState(directory)
    return state ? [{ state, directory }] : []
  })
}

/**
 * Takes a lab's name by making its directory, state in it, in one step. False where the name is taken, by a lab that runs, one that
 * crashed, or the logs of one that ended.
 */
export const claimLabDirectory = (directory: string, state: LabState): boolean => {
  const fresh = `${directory}.${process.pid}.new`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(join(fresh, 'logs'), { recursive: true, mode: 0o700 })
  writeLabState(fresh, state)
  try {
    // rename(2) replaces an empty directory only, and this one never is.
    renameSync(fresh, directory)
    return true
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}
