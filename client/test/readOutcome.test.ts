import { seal } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { readOutcome } from '#client/readOutcome.js'
import { failedOutcome, okOutcome } from './support/scriptedHub.js'

const codec = 'd6'
const sealed = { codec, number: 1, attempt: 2, final: true, at: 0 }
const error = { ...sealed, type: 'error', message: 'why', state: 'discarded' }

test.each([
  ['ok', okOutcome({ a: new Date(1) }), { type: 'ok', value: { a: new Date(1) } }],
  ['ok with nothing', okOutcome(undefined), { type: 'ok', value: undefined }],
  ['cancel', { ...sealed, type: 'cancel', value: seal('no') }, { type: 'cancel', reason: 'no' }],
  ['discard', { ...sealed, type: 'discard', value: seal(undefined) }, { type: 'discard', reason: undefined }],
  ['snooze', { ...sealed, type: 'snooze', seconds: 3 }, { type: 'snooze', seconds: 3 }],
  [
    'failed',
    failedOutcome({ c: 1 }, { retryAt: 1_000 }),
    { type: 'error', error: { code: 'failed', message: 'failed', attempt: 1, state: 'retryable', retryAt: new Date(1_000), reason: { c: 1 } } },
  ],
  [
    'exception with its trace',
    { ...error, code: 'exception', name: 'TypeError', trace: seal({ stack: 'at x', cause: { a: 1 } }) },
    {
      type: 'error',
      error: { code: 'exception', message: 'why', attempt: 2, state: 'discarded', name: 'TypeError', stack: 'at x', cause: { a: 1 } },
    },
  ],
  [
    'exception without a trace',
    { ...error, code: 'exception', name: 'TypeError' },
    { type: 'error', error: { code: 'exception', message: 'why', attempt: 2, state: 'discarded', name: 'TypeError' } },
  ],
  [
    'exception with a trace that cannot be read',
    { ...error, code: 'exception', name: 'TypeError', trace: '[[' },
    { type: 'error', error: { code: 'exception', message: 'why', attempt: 2, state: 'discarded', name: 'TypeError' } },
  ],
  ['crashed', { ...error, code: 'crashed' }, { type: 'error', error: { code: 'crashed', message: 'why', attempt: 2, state: 'discarded' } }],
])('%s is read exactly, without a key that is not there', (_, outcome, result) => {
  expect(readOutcome(outcome)).toStrictEqual(result)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a string', 'x'],
  ['an unknown type', { type: 'maybe' }],
  ['an unknown code', { ...error, code: 'oops' }],
  ['an unknown codec', okOutcome(1, { codec: 'd99' } as never)],
  ['no value', { ...sealed, type: 'ok' }],
  ['a malformed value', { ...sealed, type: 'ok', value: '[[' }],
  ['a hostile value', { ...sealed, type: 'ok', value: '[[-7,4294967295,0,1],1]' }],
  ['no seconds', { ...sealed, type: 'snooze' }],
])('an outcome with %s is undecodable', (_, outcome) => {
  expect(readOutcome(outcome)).toMatchObject({ type: 'error', error: { code: 'undecodable', message: expect.stringContaining('cannot be read') } })
})

test('a decoded value never touches a prototype', () => {
  const result = readOutcome({ ...sealed, type: 'ok', value: '[{"__proto__":1},{"polluted":2},true]' })
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  if (result.type === 'ok') expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype)
  else expect(result).toMatchObject({ error: { code: 'undecodable' } })
})
