import { describe, expect, test } from 'vitest'
import { commonProtocol, jobBounds, mintLease, mintRef } from '#shared/index.js'
import { attemptOutcome, clientMessages, handshake, jobRequest, workerMessages } from '#shared/schemas/index.js'

const job = { ref: mintRef(), name: 'double', codec: 'd6', args: '[1]' }

test('a job’s absent fields have their defaults', () => {
  expect(jobRequest.parse(job)).toEqual({ ...job, queue: 'default', priority: 0, maxAttempts: 20, tags: [], meta: {} })
})

test('half a surrogate pair in what an attempt says plainly is replaced, and what it says sealed stays as it is', () => {
  const given = { type: 'error', code: 'exception', message: 'a\ud800 🏁', name: '\udfff\u0000', codec: 'd6', trace: '["\\ud800"]' }
  expect(attemptOutcome.parse(given)).toEqual({ ...given, message: 'a\uFFFD 🏁', name: '\uFFFD\u0000' })
})

describe('a job is refused', () => {
  let deep: unknown = 1
  for (let i = 0; i < 20; i++) deep = { deep }
  const wrong: [string, object][] = [
    ['without a name', { name: '' }],
    ['with a name over 128 characters', { name: 'x'.repeat(jobBounds.name + 1) }],
    ['with a ref in capitals', { ref: mintRef().toUpperCase() }],
    ['with priority 10', { priority: 10 }],
    ['with half an attempt', { maxAttempts: 1.5 }],
    ['with no attempt', { maxAttempts: 0 }],
    ['with a timeout of 0', { timeout: 0 }],
    ['scheduled into the past', { scheduleIn: -1 }],
    ['scheduled at no time', { scheduledAt: Number.NaN }],
    ['with meta that is a list', { meta: [] }],
    ['with deep meta', { meta: { deep } }],
    ['with large meta', { meta: { text: 'x'.repeat(jobBounds.meta) } }],
    ['with a field of its own invention', { extra: 1 }],
    ['with args that are not sealed', { args: { int: 1 } }],
  ]
  test.each(wrong)('%s', (_, fields) => {
    expect(jobRequest.safeParse({ ...job, ...fields }).success).toBe(false)
  })
})

test('a worker cannot report a crash: only a hub takes a job from a dead worker', () => {
  const error = { type: 'error', message: 'm', codec: 'd6' }
  expect(attemptOutcome.safeParse({ ...error, code: 'failed' }).success).toBe(true)
  expect(attemptOutcome.safeParse({ ...error, code: 'crashed' }).success).toBe(false)
})

test('a lease is a job id and a token of 32 characters', () => {
  const leases = (lease: unknown) => workerMessages.renew.safeParse({ leases: [lease] }).success
  expect(leases({ jobId: '1', lease: mintLease() })).toBe(true)
  expect(leases({ jobId: '1', lease: 'short' })).toBe(false)
  expect(leases({ jobId: '', lease: mintLease() })).toBe(false)
})

test('an empty list is no message', () => {
  expect(clientMessages.attach.safeParse({ refs: [] }).success).toBe(false)
  expect(clientMessages.submit.safeParse({ jobs: [] }).success).toBe(false)
})

test('the newest protocol version both sides speak is chosen, or none', () => {
  expect(handshake.safeParse({ protocol: { min: 1, max: 1 }, sdk: '0.1.0' }).success).toBe(true)
  expect(commonProtocol({ min: 1, max: 3 }, { min: 2, max: 5 })).toBe(3)
  expect(commonProtocol({ min: 1, max: 1 }, { min: 2, max: 2 })).toBeUndefined()
})
