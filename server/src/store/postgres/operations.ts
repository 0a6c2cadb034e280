import type { Clock } from '@anchorleg/shared'
import type { Random } from '../../backoff.js'
import type { Store, StoreSettings } from '../store.js'
import type { RunningFacts } from './runningFacts.js'
import type { Transaction } from './transaction.js'

export type Method = Exclude<keyof Store, 'close' | 'now'>

/** A method of the store, inside a transaction. */
export type Inside<M extends Method> = (transaction: Transaction, ...request: Parameters<Store[M]>) => ReturnType<Store[M]>

/** What every operation works with. */
export interface Means {
  /** Names this store among the hubs' others. */
  readonly hub: string
  readonly settings: StoreSettings
  /** Store time: whole ms, never stepping back. */
  readonly clock: Clock
  readonly random: Random
  readonly facts: RunningFacts
}
