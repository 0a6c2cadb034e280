import type { Json } from '@anchorleg/shared'

/** Where a handler and its worker write: lines with fields. */
export interface Log {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

/** What a handler gets beside its args. */
export interface Context<P = unknown, C = unknown> {
  /**
   * Aborts when a caller cancels the job: its reason is then a {@link CancelError}, and the handler may still finish; what it
   * gives as `ok` or `discard` within 10 s stands, anything else makes the job `cancelled`. It also aborts when the job's
   * timeout is over, when its lease is lost, and when the worker stops first; then what the handler gives no longer counts.
   */
  readonly signal: AbortSignal
  /** 1 for the first. A job that was handed back or snoozed has the same attempt again. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly job: {
    readonly id: string
    readonly name: string
    readonly queue: string
    readonly meta: { readonly [key: string]: Json }
    readonly scheduledAt: Date
  }
  readonly log: Log
  /**
   * Tells watchers how far the attempt is. At most every 100 ms the latest value leaves; the last one leaves before the
   * attempt settles. A value that is invalid, cannot be encoded, or takes more than 64 KiB is dropped with a warning: progress
   * never fails a job.
   */
  progress(value: P): void
  /**
   * Gives watchers one more piece: chunks are stored in order, all of them, before the attempt settles. Resolves when it is
   * stored, so awaiting it is how a handler goes no faster than the hub; may be called again before that.
   * Rejects with {@link EmitError} when it is not stored. Rejections that nobody awaits are logged.
   */
  emit(chunk: C): Promise<void>
}

/** Why a running job is to stop: the reason of its handler's signal when a caller has cancelled it. */
export class CancelError extends Error {
  /** The name by which what takes a signal knows an abort. */
  override readonly name = 'AbortError'

  constructor(
    /** The caller's own; undefined where it gave none, or one that cannot be read here. */
    readonly reason: unknown,
  ) {
    super(typeof reason === 'string' && reason ? `The job was cancelled: ${reason}` : 'The job was cancelled.')
  }
}

/** Why a chunk was not stored. */
export class EmitError extends Error {
  override readonly name = 'EmitError'

  constructor(
    /**
     * `invalid`: not as the job's chunk schema wants it, or not to be encoded; `too_large`: larger than a result may be; `full`:
     * past 100,000 chunks or 16 MiB of the attempt; `stale`: the lease is lost; `ended`: the attempt is over; `refused`: the
     * hub does not take it.
     */
    readonly code: 'invalid' | 'too_large' | 'full' | 'stale' | 'ended' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Writes to the console, one short prefix before each line. */
export const consoleLog: Log = {
  info: (message, fields) => console.info(...line(message, fields)),
  warn: (message, fields) => console.warn(...line(message, fields)),
  error: (message, fields) => console.error(...line(message, fields)),
}

function line(message: string, fields: object | undefined): unknown[] {
  return fields === undefined ? [`[anchorleg] ${message}`] : [`[anchorleg] ${message}`, fields]
}

/** A log whose every line has these fields. */
export function logWith(log: Log, always: object): Log {
  return {
    info: (message, fields) => log.info(message, { ...always, ...fields }),
    warn: (message, fields) => log.warn(message, { ...always, ...fields }),
    error: (message, fields) => log.error(message, { ...always, ...fields }),
  }
}
