/** Why a gate refuses a message or an entry of one. Closed: a new code is a new protocol version. */
export const refusalCodes = [
  'invalid_job',
  'invalid_message',
  'payload_too_large',
  'ref_conflict',
  'unique_conflict',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'store_unavailable',
  'expired',
  'not_found',
  'closed',
] as const
export type RefusalCode = (typeof refusalCodes)[number]

/** One field of a job that is not as it must be. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A gate's typed "no". It is data: nothing was stored, and the connection stays up. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly issues?: readonly Issue[] | undefined
  /** Seconds after which the same message may be sent again; with `rate_limited`. */
  readonly retryAfter?: number | undefined
}

/** The codes of a `RelayError`: what `client.async` and the connection itself may reject with. */
export type RelayErrorCode =
  | 'invalid_job'
  | 'payload_too_large'
  | 'ref_conflict'
  | 'unique_conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  | 'store_unavailable'
  | 'unreachable'
  | 'expired'
  | 'closed'

/** A refusal on its way from where it is found to the guard that answers with it. */
export class Refused extends Error {
  override readonly name = 'Refused'

  constructor(readonly refusal: Refusal) {
    super(refusal.message)
  }
}

/** Shorthand for throwing a typed refusal. */
export function refuse(code: RefusalCode, message: string, more: Omit<Refusal, 'code' | 'message'> = {}): Refused {
  return new Refused({ code, message, ...more })
}
