import type { StoreSettings } from '../store.js'
import type { Answer, Request } from './operations.js'

/** What the thread is started with. */
export interface ThreadData {
  readonly file: string
  readonly settings: Omit<StoreSettings, 'committed' | 'opened'>
}

/** What the thread tells. To it go lists of requests. */
export type FromThread =
  | { readonly type: 'opened' }
  | { readonly type: 'refused'; readonly reason: string }
  /** What came of the requests of one transaction, and how long it took with the disk, in ms. */
  | { readonly type: 'answers'; readonly answers: readonly Answer[]; readonly ms: number }

/** How many entries a request has for the store. */
export function entriesOf({ args: [list] }: Request): number {
  return Array.isArray(list) ? list.length : 1
}
