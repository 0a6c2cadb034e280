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
   * Aborts when the job's timeout is over, when its lease is lost, and when the worker stops before the handler has
   * finished. What the handler gives afterwards no longer counts.
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
  /** Phantom: the types of progress and chunks. */
  readonly [streams]?: () => [P, C]
}

declare const streams: unique symbol

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
