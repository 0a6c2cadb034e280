import type { StoreSettings } from '../store.js'
import type { Flat } from './flat.js'
import type { Answer, Request } from './operations.js'

/** What the thread is started with. */
export interface ThreadData {
  readonly file: string
  readonly settings: Omit<StoreSettings, 'committed' | 'opened'>
}

/** What the thread tells. To it go lists of parcels. */
export type FromThread =
  | { readonly type: 'opened' }
  | { readonly type: 'refused'; readonly reason: string }
  /** What requests have claimed, which need not wait for the disk: a power cut that takes a claim back makes its job run again. */
  | { readonly type: 'claimed'; readonly claims: readonly Claim[] }
  /** Transactions that the disk has taken. */
  | { readonly type: 'stored'; readonly transactions: readonly Transaction[] }

/** What the request of this id has claimed. */
export interface Claim {
  readonly id: number
  readonly claimed: Flat
}

/** What came of the requests of one transaction, and how long it took with the disk, in ms. */
export interface Transaction {
  readonly answers: readonly Answer[]
  readonly ms: number
}

/** A request on its way to the thread, and how many entries it has for the store. */
export interface Parcel extends Request {
  readonly entries: number
}
