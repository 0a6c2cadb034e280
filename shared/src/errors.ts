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
