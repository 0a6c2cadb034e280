import {
  type AttemptErrorCode,
  type AttemptOutcome,
  after,
  byteLength,
  codecTag,
  EncodeError,
  fits,
  jobBounds,
  type OutcomeError,
  open,
  seal,
} from '@anchorleg/shared'
import type { Context } from './context.js'
import type { Definition } from './definition.js'
import { clip, describeThrown, isError, sealTrace } from './exception.js'
import { givenBy } from './outcome.js'
import { type Schema, sentenceOf, validate } from './schema.js'

/** A definition and what runs its jobs. */
export interface Task {
  readonly definition: Definition
  readonly handler: (args: any, ctx: Context<any, any>) => unknown
}

/** One attempt to make. */
export interface Attempt {
  /** The sealed args and their codec. */
  readonly args: string
  readonly codec: string
  readonly timeout?: number | undefined
  readonly resultBytes: number
  readonly context: Context
  /** What aborts the context's signal, and knows whether it is. */
  readonly run: { abort(reason: Error): void; throwIfAborted(): void }
}

type ErrorOutcome = Extract<AttemptOutcome, { type: 'error' }>

/** What ends an attempt for good, whatever the handler did. */
class Terminal extends Error {
  constructor(
    readonly code: Extract<AttemptErrorCode, 'invalid_args' | 'invalid_result' | 'result_too_large'>,
    message: string,
  ) {
    super(message)
  }
}

/**
 * One attempt, from sealed args to its sealed outcome: open, validate, run, tell the outcome, validate, seal, measure.
 * It never rejects. One that is aborted before its handler begins does not begin. When the timeout is over it gives
 * `job_timeout` at once and aborts the signal; what a handler that goes on gives later is dropped.
 */
export function attempt(task: Task, given: Attempt): Promise<AttemptOutcome> {
  const { timeout } = given
  if (timeout === undefined) return run(task, given)
  return new Promise((resolve) => {
    const stop = after(timeout, () => {
      const message = `The job ran longer than its timeout of ${timeout} ms.`
      given.run.abort(new DOMException(message, 'TimeoutError'))
      resolve(failure(task, given, { code: 'job_timeout', message }))
    })
    void run(task, given).then((outcome) => {
      stop()
      resolve(outcome)
    })
  })
}

async function run(task: Task, given: Attempt): Promise<AttemptOutcome> {
  try {
    const args = await argsOf(task, given)
    // Nobody wants it any more: a lease that was lost, or a cancellation, may come right behind the job.
    given.run.throwIfAborted()
    const { result } = task.definition
    const outcome = givenBy(await task.handler(args, given.context))
    switch (outcome.type) {
      case 'ok':
        return {
          type: 'ok',
          codec: codecTag,
          value: sealWithin(result ? await valid(result, outcome.value, 'result') : outcome.value, 'result', given),
        }
      case 'cancel':
      case 'discard':
        return { type: outcome.type, codec: codecTag, value: sealWithin(outcome.reason, 'reason', given) }
      case 'error':
        return failed(task, given, outcome.reason)
      case 'snooze':
        return outcome
      default:
        return outcome satisfies never
    }
  } catch (error) {
    if (isError(error) && error instanceof Terminal) return { type: 'error', code: error.code, message: clip(error.message), codec: codecTag }
    const { name, message, ...rest } = describeThrown(error)
    const trace = sealTrace({ name, message, ...rest })
    return { ...failure(task, given, { code: 'exception', name, message, ...rest }), name, ...(trace !== undefined && { trace }) }
  }
}

/** At once where there is nothing to check. */
function argsOf({ definition }: Task, { args, codec }: Attempt): unknown {
  let value: unknown
  try {
    value = open(args, codec)
  } catch (error) {
    throw new Terminal('invalid_args', (error as Error).message)
  }
  return definition.args ? valid(definition.args, value, 'args') : value
}

async function valid(schema: Schema, value: unknown, what: 'args' | 'result'): Promise<unknown> {
  const checked = await validate(schema, value)
  if (!('issues' in checked)) return checked.value
  const verb = what === 'args' ? 'are' : 'is'
  throw new Terminal(`invalid_${what}`, `The ${what} ${verb} invalid: ${sentenceOf(checked.issues, what)}`)
}

function sealWithin(value: unknown, what: 'result' | 'reason', { resultBytes }: Attempt): string {
  const sealed = trySeal(value)
  if (fits(sealed, resultBytes)) return sealed
  throw new Terminal('result_too_large', `The encoded ${what} takes ${byteLength(sealed)} bytes; at most ${resultBytes} are taken.`)
}

function trySeal(value: unknown): string {
  try {
    return seal(value)
  } catch (error) {
    throw error instanceof EncodeError ? new Terminal('invalid_result', error.message) : error
  }
}

function failed(task: Task, given: Attempt, reason: unknown): ErrorOutcome {
  const value = sealWithin(reason, 'reason', given)
  const words = isError(reason) ? describeThrown(reason).message : typeof reason === 'string' ? reason : ''
  return { ...failure(task, given, { code: 'failed', message: clip(words) || 'The handler returned an error.', reason }), value }
}

type Failure =
  | { readonly code: 'failed'; readonly message: string; readonly reason: unknown }
  | { readonly code: 'exception'; readonly message: string; readonly name: string; readonly stack?: string; readonly cause?: unknown }
  | { readonly code: 'job_timeout'; readonly message: string }

/** An attempt that may be retried, with the wait its definition wants. */
function failure({ definition }: Task, { context }: Attempt, error: Failure): ErrorOutcome {
  const { attempt, maxAttempts } = context
  const last = attempt >= maxAttempts
  const seconds = last ? undefined : backoffOf(definition, { ...error, attempt, state: 'retryable' })
  return { type: 'error', code: error.code, message: error.message, codec: codecTag, ...(seconds !== undefined && { backoff: seconds }) }
}

/** Undefined stands for the default: also where the definition's own throws or gives no number. */
function backoffOf({ backoff }: Definition, error: OutcomeError): number | undefined {
  if (!backoff) return undefined
  try {
    const seconds: unknown = backoff(error.attempt, error)
    if (typeof seconds !== 'number' || Number.isNaN(seconds)) return undefined
    return Math.min(Math.max(seconds, 0), jobBounds.delay)
  } catch {
    return undefined
  }
}
