import type { RelayErrorCode } from './errors.js'
import type { JobState, Waiting } from './job.js'

/** The codes of a failed attempt that no retry can mend. */
export const terminalCodes = ['invalid_args', 'invalid_result', 'result_too_large'] as const

/** The codes of an attempt that failed. */
export const attemptErrorCodes = ['failed', 'exception', 'job_timeout', 'crashed', ...terminalCodes] as const
export type AttemptErrorCode = (typeof attemptErrorCodes)[number]

/** The codes of a wait that ended without an outcome. */
export const waitErrorCodes = [
  'timeout',
  'aborted',
  'closed',
  'not_found',
  'expired',
  'undecodable',
  'unauthorized',
  'forbidden',
  'not_submitted',
] as const
export type WaitErrorCode = (typeof waitErrorCodes)[number]

/** Why an attempt failed, and what became of its job. */
export type OutcomeError = {
  message: string
  attempt: number
  state: 'retryable' | 'discarded'
  retryAt?: Date
} & (
  | { code: 'failed'; reason: unknown }
  | { code: 'exception'; name: string; stack?: string; cause?: unknown }
  | { code: 'job_timeout' | 'crashed' | 'invalid_args' | 'invalid_result' | 'result_too_large' }
)

/** Why an await ended without an outcome; the job runs on untouched. `Cause` is the SDK's error class. */
export type WaitError<Cause = { readonly code: RelayErrorCode }> = { message: string } & (
  | { code: 'timeout'; waiting: Waiting; state?: JobState }
  | { code: Exclude<WaitErrorCode, 'timeout'>; cause?: Cause }
)

export type JobError<Cause = { readonly code: RelayErrorCode }> = OutcomeError | WaitError<Cause>

/** What `await` returns: one attempt's outcome, or why there is none yet. Plain data. */
export type AwaitResult<T, Cause = { readonly code: RelayErrorCode }> =
  | { type: 'ok'; value: T }
  | { type: 'cancel'; reason: unknown }
  | { type: 'discard'; reason: unknown }
  | { type: 'snooze'; seconds: number }
  | { type: 'error'; error: JobError<Cause> }
