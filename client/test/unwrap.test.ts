import { expect, test } from 'vitest'
import { type AwaitResult, RelayError, unwrap } from '#client/index.js'

function thrownBy(result: AwaitResult<unknown>): RelayError {
  try {
    unwrap(result)
  } catch (error) {
    return error as RelayError
  }
  throw new Error('unwrap threw nothing')
}

test('unwrap gives the value of an ok result', () => {
  expect(unwrap({ type: 'ok', value: 0 })).toBe(0)
  expect(unwrap({ type: 'ok', value: undefined })).toBeUndefined()
})

test.each([
  [{ type: 'cancel', reason: 'no' }, 'cancel'],
  [{ type: 'discard', reason: 1 }, 'discard'],
  [{ type: 'snooze', seconds: 3 }, 'snooze'],
  [{ type: 'error', error: { code: 'timeout', message: 'late', waiting: 'running' } }, 'timeout'],
] as [AwaitResult<unknown>, string][])('unwrap throws a RelayError for %j that carries the result', (result, code) => {
  const error = thrownBy(result)
  expect(error).toBeInstanceOf(RelayError)
  expect(error).toBeInstanceOf(Error)
  expect(error.code).toBe(code)
  expect(error.result).toBe(result)
})

test('the cause of a thrown exception is the cause of what unwrap throws', () => {
  const result = { type: 'error', error: { code: 'exception', name: 'E', message: 'm', attempt: 1, state: 'discarded', cause: { why: 1 } } } as const
  expect(thrownBy(result)).toMatchObject({ message: 'm', cause: { why: 1 } })
})
