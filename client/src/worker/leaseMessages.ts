import type { Lease } from '@anchorleg/shared'

/** What the thread that renews leases is started with. */
export interface LeaseThreadData {
  /** The memory of the board. */
  readonly memory: SharedArrayBuffer
  /** The hub's Socket.IO. */
  readonly addresses: readonly string[]
  /** The token that was used last. */
  readonly token: string | undefined
  /** Whether another is to be asked for on every connection. */
  readonly asksToken: boolean
  readonly leaseMs: number
  /** Milliseconds without a sign from the handlers' thread after which nothing is renewed. */
  readonly silenceMs: number
}

export type ToLeaseThread =
  | { readonly type: 'lease'; readonly leaseMs: number }
  | { readonly type: 'board'; readonly memory: SharedArrayBuffer }
  /** The answer to a question for a token; undefined when there is none to be had. */
  | { readonly type: 'token'; readonly token: string | undefined }

export type FromLeaseThread =
  /** All that are to be renewed are, but for these, which are lost. */
  | { readonly type: 'renewed'; readonly lost: Lease[] }
  | { readonly type: 'token' }
  /** The hub does not let the thread in. */
  | { readonly type: 'refused'; readonly message: string }
