import { type Outcome, type OutcomeError, open } from '@anchorleg/shared'
import type { AwaitResult } from './errors.js'
import { isRecord } from './options.js'

/**
 * The result that an awaiter gets of a stored outcome; opened anew for each, so that none sees what another does to it.
 * What cannot be read, for its codec or its form, is `undecodable`.
 */
export function readOutcome(outcome: unknown): AwaitResult<any> {
  try {
    return resultOf(outcome as Outcome)
  } catch (error) {
    const message = `The outcome cannot be read here: ${error instanceof Error ? error.message : String(error)}`
    return { type: 'error', error: { code: 'undecodable', message } }
  }
}

function resultOf(outcome: Outcome): AwaitResult<unknown> {
  switch (outcome.type) {
    case 'ok':
      return { type: 'ok', value: open(outcome.value, outcome.codec) }
    case 'cancel':
    case 'discard':
      return { type: outcome.type, reason: open(outcome.value, outcome.codec) }
    case 'snooze':
      return { type: 'snooze', seconds: expectNumber(outcome.seconds) }
    case 'error':
      return { type: 'error', error: errorOf(outcome) }
    default:
      throw new TypeError(`unknown type ${String((outcome satisfies never as { type?: unknown }).type)}`)
  }
}

function errorOf(outcome: Extract<Outcome, { type: 'error' }>): OutcomeError {
  const { code, message, attempt, state, retryAt } = outcome
  const common = {
    message: String(message),
    attempt: expectNumber(attempt),
    state: state === 'retryable' ? state : ('discarded' as const),
    ...(retryAt !== undefined && { retryAt: new Date(expectNumber(retryAt)) }),
  }
  switch (code) {
    case 'failed':
      return { code, ...common, reason: outcome.value === undefined ? undefined : open(outcome.value, outcome.codec) }
    case 'exception':
      return { code, ...common, name: outcome.name ?? 'Error', ...traceOf(outcome) }
    case 'job_timeout':
    case 'crashed':
    case 'invalid_args':
    case 'invalid_result':
    case 'result_too_large':
      return { code, ...common }
    default:
      throw new TypeError(`unknown code ${String(code satisfies never)}`)
  }
}

/** Why an attempt failed, as far as it can be read here: a reason that cannot is left out. */
export function readError(outcome: Extract<Outcome, { type: 'error' }>): OutcomeError {
  try {
    return errorOf(outcome)
  } catch {
    return errorOf({ ...outcome, value: undefined })
  }
}

/** A stack and a cause are a help, not the outcome: one that cannot be read is left out. */
function traceOf({ trace, codec }: { trace?: string | undefined; codec: string }): { stack?: string; cause?: unknown } {
  if (trace === undefined) return {}
  try {
    const opened = open(trace, codec)
    if (!isRecord(opened)) return {}
    return { ...(typeof opened.stack === 'string' && { stack: opened.stack }), ...(opened.cause !== undefined && { cause: opened.cause }) }
  } catch {
    return {}
  }
}

function expectNumber(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('a number is missing')
  return value
}
