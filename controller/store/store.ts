/**
 * What a role keeps over restarts: JSON documents by kind and key, changed in transactions. The surface is small, so that a
 * database behind a network can serve it as well as the embedded one (sqlite.ts).
 */

/** One table: its name and how a value of it becomes JSON and comes back. */
export interface Kind<T> {
  readonly name: string
  readonly toJson: (value: T) => unknown
  readonly fromJson: (json: unknown) => T
}

export interface Transaction {
  get<T>(kind: Kind<T>, key: string): Promise<T | undefined>
  /** All of a kind, in the order of their keys. */
  list<T>(kind: Kind<T>): Promise<ReadonlyMap<string, T>>
  put<T>(kind: Kind<T>, key: string, value: T): Promise<void>
  /** Idempotent. */
  delete<T>(kind: Kind<T>, key: string): Promise<void>
}

export interface Store {
  /**
   * All of it or, where `work` throws, nothing; one after the other (serializable), and on the disk once it settles. Nothing but
   * the transaction may be awaited inside: others wait.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** After the transactions under way. Idempotent. */
  close(): Promise<void>
}

/** A kind whose values are JSON as they are. */
export const plainKind = <T>(name: string): Kind<T> => ({
  name,
  toJson: (value) => value,
  fromJson: (json) => json as T,
})
