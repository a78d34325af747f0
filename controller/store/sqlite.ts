/**
 * The store embedded: one SQLite file (node:sqlite) with write-ahead logging, flushed to the disk at each commit
 * (synchronous=FULL: a decision that was written survives a power cut; https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WeftError } from '../../proto/errors.ts'
import { createSerial } from '../roles/serial.ts'
import type { Kind, Store, Transaction } from './store.ts'

/** Of the table layout below; kept in the file as user_version. */
const schemaVersion = 1

const schema = `
  CREATE TABLE document (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
`

const prepareSchema = (database: DatabaseSync, path: string): void => {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > schemaVersion) {
    throw new WeftError('not-supported', `${path} has schema ${version}, this version knows ${schemaVersion}`, {
      hint: 'it was written by a newer version: use that one, or another file',
    })
  }
  if (version === 0) database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`)
}

const openDatabase = (path: string): DatabaseSync => {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // Another process may read the file, or hold it for a moment: wait for it.
  const database = new DatabaseSync(path, { timeout: 5000 })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    prepareSchema(database, path)
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

/**
 * Opens or makes the file and its directory; ':memory:' keeps nothing. Errors: not-supported where a newer version wrote it, and
 * SQLite's own.
 */
export const openSqliteStore = (path: string): Store => {
  const database = openDatabase(path)
  const statements = {
    get: database.prepare('SELECT body FROM document WHERE kind = ? AND key = ?'),
    list: database.prepare('SELECT key, body FROM document WHERE kind = ? ORDER BY key'),
    put: database.prepare('INSERT OR REPLACE INTO document (kind, key, body) VALUES (?, ?, ?)'),
    delete: database.prepare('DELETE FROM document WHERE kind = ? AND key = ?'),
  }
  const read = <T>(kind: Kind<T>, body: unknown): T => kind.fromJson(JSON.parse(body as string))

  /** `ended` turns a use after the end into an error, which would else write outside of any transaction. */
  const documents = (scope: { ended: boolean }): Transaction => {
    const checked = <T>(work: () => T): T => {
      if (scope.ended) throw new WeftError('internal', 'the transaction has ended')
      return work()
    }
    return {
      get: async (kind, key) =>
        checked(() => {
          const row = statements.get.get(kind.name, key)
          return row ? read(kind, row['body']) : undefined
        }),
      list: async (kind) =>
        checked(
          () => new Map(statements.list.all(kind.name).map((row) => [row['key'] as string, read(kind, row['body'])])),
        ),
      put: async (kind, key, value) =>
        checked(() => {
          statements.put.run(kind.name, key, JSON.stringify(kind.toJson(value)))
        }),
      delete: async (kind, key) =>
        checked(() => {
          statements.delete.run(kind.name, key)
        }),
    }
  }

  const serial = createSerial()
  let closed = false
  return {
    transaction: (work) =>
      serial(async () => {
        if (closed) throw new WeftError('internal', `the store ${path} is closed`)
        const scope = { ended: false }
        database.exec('BEGIN IMMEDIATE')
        try {
          const result = await work(documents(scope))
          database.exec('COMMIT')
          return result
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK')
          throw error
        } finally {
          scope.ended = true
        }
      }),
    close: () =>
      serial(async () => {
        if (closed) return
        closed = true
        database.close()
      }),
  }
}
