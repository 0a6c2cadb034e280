import type { Clock } from '@anchorleg/shared'
import type Database from 'better-sqlite3'
import type { Random } from '../../backoff.js'
import type { Store, StoreSettings } from '../store.js'
import type { Tally } from './tally.js'

/** The store's contract as the thread keeps it: the same methods, synchronous, inside a transaction that the engine opens. */
export type Operations = { readonly [M in Method]: (...request: Parameters<Store[M]>) => Awaited<ReturnType<Store[M]>> }

export type Method = Exclude<keyof Store, 'close' | 'leaveLine' | 'now'>

/** What of the settings the thread may know. */
export type EngineSettings = Omit<StoreSettings, 'skew' | 'committed' | 'opened'>

/** What every operation works with. */
export interface Means {
  readonly db: Database.Database
  readonly settings: EngineSettings
  /** Store time: whole ms, never stepping back. */
  readonly clock: Clock
  readonly random: Random
  /** Whether any ref is, or was since the database was opened, an alias, and any a tombstone: where none is, none is looked for. */
  readonly refs: { haveAliases: boolean; haveTombstones: boolean }
  /** Told of every job that changes its state. */
  readonly tally: Tally
}

/** One call of the store on its way to the thread. */
export interface Request {
  readonly id: number
  readonly method: Method | 'close'
  readonly args: readonly unknown[]
}

/** What came of a request: a value, or why it did not happen. */
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly trouble: string }
