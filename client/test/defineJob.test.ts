import { expect, test } from 'vitest'
import { z } from 'zod'
import { jobNamed } from '#client/defineJob.js'
import { defineJob } from '#client/index.js'

test.each([
  [{ name: '' }, 'name: expected text of 1 to 128 characters, got ""'],
  [{ name: undefined }, 'name: expected text of 1 to 128 characters, got undefined'],
  [{ name: 'x'.repeat(129) }, 'name: expected text of 1 to 128 characters'],
  [{ name: 'a', priority: 12 }, 'priority: expected an integer from 0 to 9, got 12'],
  [{ name: 'a', maxAttempts: 0 }, 'maxAttempts: expected an integer from 1 to 1000000, got 0'],
  [{ name: 'a', timeout: 0 }, 'timeout: expected milliseconds above 0, or Infinity, got 0'],
  [{ name: 'a', queue: 7 }, 'queue: expected text of 1 to 128 characters, got 7'],
  [{ name: 'a', ref: 'x' }, 'ref: unknown option'],
  [{ name: 'a', prioritty: 1 }, 'prioritty: unknown option: expected one of name, queue, priority'],
  [{ name: 'a', args: {} }, 'args: expected a Standard Schema'],
  [{ name: 'a', backoff: 3 }, 'backoff: expected a function'],
])('a wrong definition is refused at once: %j', (definition, message) => {
  expect(() => defineJob(definition as never)).toThrow(TypeError)
  expect(() => defineJob(definition as never)).toThrow(message)
})

test('a definition is frozen, and undefined options count as absent', () => {
  const job = defineJob({ name: 'a', args: z.object({}), queue: undefined, timeout: Number.POSITIVE_INFINITY })
  expect(Object.isFrozen(job)).toBe(true)
  expect(job.name).toBe('a')
})

test('a definition names its job and its queue', () => {
  expect(jobNamed(defineJob({ name: 'a' }))).toEqual({ name: 'a', queue: 'default' })
  expect(jobNamed(defineJob({ name: 'a', queue: 'media' }))).toEqual({ name: 'a', queue: 'media' })
  expect(jobNamed(undefined)).toBeNull()
})
