import { fits, seal } from '@anchorleg/shared'

/** Characters that the protocol leaves to a message and to a name. */
const messageLimit = 8_192
const nameLimit = 256

/** Bytes that a stack and a cause may take together: enough to find a fault, too little to weigh on a job. */
const traceLimit = 32 * 1024

/** What was thrown, in words, whatever it was. */
export interface Exception {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: unknown
}

/** Describes what a handler threw. What is no Error keeps itself as the cause. It never throws, even for a hostile object. */
export function describeThrown(thrown: unknown): Exception {
  if (!isError(thrown)) return { name: 'Error', message: clip(textOf(thrown), messageLimit), cause: thrown }
  const stack = read(thrown, 'stack')
  const cause = read(thrown, 'cause')
  return {
    name: clip(nameOf(thrown), nameLimit),
    message: clip(textOf(read(thrown, 'message')), messageLimit),
    ...(typeof stack === 'string' && { stack }),
    ...(cause !== undefined && { cause }),
  }
}

/** The sealed stack and cause; clipped, or without what cannot be sealed. Undefined when there is neither. */
export function sealTrace({ stack, cause }: Exception): string | undefined {
  if (stack === undefined && cause === undefined) return undefined
  const short = stack === undefined ? {} : { stack: clip(stack, messageLimit) }
  const full = { ...(stack !== undefined && { stack }), ...(cause !== undefined && { cause }) }
  for (const trace of [full, { ...short, cause: briefly(cause) }]) {
    try {
      const sealed = seal(trace)
      if (fits(sealed, traceLimit)) return sealed
    } catch {
      // A cause may hold anything, so the next, smaller form is tried.
    }
  }
  return seal(short)
}

/** A text of at most so many characters. */
export function clip(text: string, limit: number = messageLimit): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}

function nameOf(error: Error): string {
  const name = read(error, 'name')
  const made = read(read(error, 'constructor'), 'name')
  return typeof name === 'string' && name !== 'Error' ? name : typeof made === 'string' && made ? made : 'Error'
}

/** A revoked Proxy throws even at being asked that. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error
  } catch {
    return false
  }
}

function briefly(cause: unknown): unknown {
  if (!isError(cause)) return cause === undefined ? undefined : clip(textOf(cause), 1_024)
  const { name, message, stack } = describeThrown(cause)
  return { name, message: clip(message, 1_024), ...(stack !== undefined && { stack: clip(stack, 4_096) }) }
}

function textOf(value: unknown): string {
  try {
    if (typeof value !== 'object' || value === null) return String(value)
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'a value that cannot be shown'
  }
}

function read(from: unknown, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}
