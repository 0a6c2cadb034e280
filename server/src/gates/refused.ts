import type { Refusal } from '@anchorleg/shared'

/** A refusal on its way from where it is found to the guard that answers with it. */
export class Refused extends Error {
  override readonly name = 'Refused'

  constructor(
    readonly refusal: Refusal,
    /** What the log says: nothing that only the peer may know. */
    readonly reason = refusal.message,
  ) {
    super(refusal.message)
  }
}

/** Makes a typed refusal, to be thrown; with the seconds after which it is worth asking again. */
export function refuse(code: Refusal['code'], message: string, retryAfter?: number): Refused {
  return new Refused({ code, message, ...(retryAfter !== undefined && { retryAfter }) })
}
