import type { AwaitResult as AnyResult, AttemptErrorCode, Issue, Refusal, RelayErrorCode, WaitErrorCode } from '@anchorleg/shared'

/** What `await` returns: one attempt's outcome, or why there is none yet. Plain data. */
export type AwaitResult<T> = AnyResult<T, RelayError>

type Code = RelayErrorCode | WaitErrorCode | AttemptErrorCode | 'cancel' | 'discard' | 'snooze'

interface Details {
  readonly ref?: string | undefined
  readonly result?: AwaitResult<unknown> | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}

/**
 * What the client's methods, `ready` and `unwrap` reject with or throw. `code` is one of a closed set: of submitting, `invalid_job`
 * (as {@link InvalidJobError}), `payload_too_large`, `ref_conflict`, `unique_conflict`, `unauthorized`, `forbidden`,
 * `rate_limited`, `store_unavailable`, `unreachable`, `expired`, `closed`, `aborted`; of `cancel`, `inspect` and `watch` also
 * `not_found`, of `watch` also `undecodable`; of `unwrap`, the code or type of the result.
 */
export class RelayError extends Error {
  override readonly name: string = 'RelayError'
  /** The ref it is about. After `unreachable` or `store_unavailable` the job may exist under it: submitting it again is safe. */
  declare readonly ref?: string
  /** What {@link unwrap} was given. */
  declare readonly result?: AwaitResult<unknown>
  /** Seconds after which the same may be tried again. */
  declare readonly retryAfter?: number

  constructor(
    readonly code: Code,
    message: string,
    details: Details = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    if (details.ref !== undefined) this.ref = details.ref
    if (details.result !== undefined) this.result = details.result
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter
  }
}

/** A job that is not as its definition or the protocol wants it; nothing was stored. */
export class InvalidJobError extends RelayError {
  override readonly name = 'InvalidJobError'
  declare readonly code: 'invalid_job'

  constructor(
    message: string,
    /** What is wrong, each with its path: into the args, or the name of an option. */
    readonly issues: readonly Issue[],
    details: Details = {},
  ) {
    super('invalid_job', message, details)
  }
}

/** A hub's refusal of a job as the error its caller gets. */
export function errorOf(refusal: Refusal, ref?: string): RelayError {
  const { code, message, retryAfter, issues } = refusal
  switch (code) {
    case 'invalid_job':
    case 'invalid_message':
    case 'not_found':
      return new InvalidJobError(message, issues ?? [], { ref })
    default:
      return new RelayError(code, message, { ref, retryAfter })
  }
}
