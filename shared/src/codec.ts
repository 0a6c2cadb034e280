import { DevalueError, defaultStringifyOperations, stringify, unflatten } from 'devalue'
import { beyondBounds, valueBounds } from './codecBounds.js'

/** The tag of the encoding that {@link seal} writes. devalue's format may change with its major version, so the tag does too. */
export const codecTag = 'd6'

/** A value that cannot be sealed, with the path to the part that stands in the way. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError'

  constructor(
    message: string,
    /** Where the value is, from the root: `.user.name`, `[0].get("key")`; empty for the root itself. */
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A sealed value that cannot be opened here: an unknown codec tag, malformed, or beyond the bounds. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

/**
 * Encodes a value once, as the string that hub and store carry unopened.
 * Date, Map, Set, RegExp, URL, BigInt, undefined, NaN, −0, typed arrays, cycles and repeated references come back as they were.
 * An Error travels as plain data `{ name, message, stack, cause }`. Functions, symbols, promises and instances of classes
 * are refused.
 * @throws {EncodeError} naming the path to what cannot be encoded
 */
export function seal(value: unknown): string {
  try {
    const sealed = stringify(value, undefined, typeof value === 'object' ? { operations } : undefined)
    if (sealed.length > quickCheck || sealed.includes('[-7,')) {
      const trouble = beyondBounds(JSON.parse(sealed))
      if (trouble) throw new EncodeError(`Cannot encode a value with ${trouble}.`, '')
    }
    return sealed
  } catch (error) {
    throw encodeError(error)
  }
}

/** A sealed string shorter than this has fewer parts and levels than any bound: a level takes four characters. */
const quickCheck = 4 * valueBounds.depth

/**
 * Decodes what {@link seal} gave. Data only: it never runs code and never touches a prototype.
 * Depth, number of parts and array lengths are bounded before anything is built.
 * @throws {DecodeError}
 */
export function open(sealed: string, codec: string = codecTag): unknown {
  if (codec !== codecTag) throw new DecodeError(`Cannot read values of codec "${codec}"; this package reads "${codecTag}".`)
  try {
    const flat: unknown = JSON.parse(sealed)
    const trouble = beyondBounds(flat)
    if (trouble) throw new DecodeError(`The sealed value has ${trouble}.`)
    return unflatten(flat as number | unknown[])
  } catch (error) {
    if (error instanceof DecodeError) throw error
    throw new DecodeError(`The sealed value is malformed: ${messageOf(error)}`, { cause: error })
  }
}

function encodeError(error: unknown): EncodeError {
  if (error instanceof EncodeError) return error
  if (error instanceof RangeError) return new EncodeError(`Cannot encode a value with more than ${valueBounds.depth} levels.`, '', { cause: error })
  if (!(error instanceof DevalueError)) return new EncodeError(`Cannot encode the value: ${messageOf(error)}`, '', { cause: error })
  const place = error.path ? ` at ${error.path}` : ''
  return new EncodeError(`Cannot encode ${describe(error.value)}${place}.`, error.path, { cause: error })
}

/** What stands in the way, in words a caller knows. */
function describe(value: unknown): string {
  if (typeof value === 'function') return value.name ? `the function "${value.name}"` : 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise'
  const made = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  if (made && made !== 'Object') return `an instance of ${made}`
  return 'an object with symbols or "__proto__" as keys'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Where we look at objects otherwise than devalue does by default. */
const operations = {
  /** An Error is plain data with its four fields, whatever its class; they include cycles of causes. */
  shapeOf(value: object) {
    if (value instanceof Error) return { kind: 'plain' as const, keys: errorKeys.filter((key) => value[key] !== undefined) }
    return defaultStringifyOperations.shapeOf(value)
  },

  /** A view's buffer may hold far more than the view shows, a Node Buffer's pool for example: only the visible bytes leave. */
  viewInfo(view: ArrayBufferView & { length?: number }) {
    const { byteLength, byteOffset } = view
    const whole = byteLength === view.buffer.byteLength && view.buffer instanceof ArrayBuffer
    const buffer = whole ? view.buffer : new Uint8Array(new Uint8Array(view.buffer, byteOffset, byteLength)).buffer
    return { buffer, byteOffset: 0, byteLength, length: view.length ?? byteLength, bufferByteLength: byteLength }
  },
}

const errorKeys = ['name', 'message', 'stack', 'cause'] as const
