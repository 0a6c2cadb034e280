import { type AwaitResult, RelayError } from './errors.js'
import { isRecord, show } from './options.js'

/**
 * The value of an `ok` result.
 * @throws {RelayError} for any other: its `code` is the error's code, or `cancel`, `discard` or `snooze`; its `result` is
 * what was given
 */
export function unwrap<T>(result: AwaitResult<T>): T {
  if (!isRecord(result)) throw new TypeError(`expected a result of await, got ${show(result)}`)
  switch (result.type) {
    case 'ok':
      return result.value
    case 'error': {
      const { error } = result
      throw new RelayError(error.code, error.message, { result, cause: 'cause' in error ? error.cause : undefined })
    }
    case 'cancel':
    case 'discard':
      throw new RelayError(result.type, `The job was ${result.type === 'cancel' ? 'cancelled' : 'discarded'}.`, { result, cause: result.reason })
    case 'snooze':
      throw new RelayError('snooze', `The job was snoozed for ${result.seconds} s.`, { result })
    default:
      throw new TypeError(`expected a result of await, got ${show(result satisfies never)}`)
  }
}
