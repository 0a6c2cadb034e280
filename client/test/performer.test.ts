import { expect, test } from 'vitest'
import { z } from 'zod'
import { type AwaitResult, defineJob } from '#client/index.js'
import { type Context, cancel, discard, error, ok, snooze } from '#client/worker/index.js'

const job = defineJob({ name: 'job', maxAttempts: 3 })

/** What a job of no schema gives when its handler does this. */
const given = (handler: (args: any, ctx: Context) => unknown, args?: unknown): Promise<AwaitResult<unknown>> => job.perform(handler).run(args)
const attempt = { attempt: 1, state: 'retryable' } as const

test.each([
  ['a plain value', () => 3, { type: 'ok', value: 3 }],
  ['nothing', () => {}, { type: 'ok', value: undefined }],
  ['the promise of a value', async () => new Map([[1, 2]]), { type: 'ok', value: new Map([[1, 2]]) }],
  ['ok(value)', () => ok({ a: 1 }), { type: 'ok', value: { a: 1 } }],
  ['ok()', () => ok(), { type: 'ok', value: undefined }],
  ['cancel(reason)', () => cancel('no'), { type: 'cancel', reason: 'no' }],
  ['cancel()', () => cancel(), { type: 'cancel', reason: undefined }],
  ['discard(reason)', () => discard([1]), { type: 'discard', reason: [1] }],
  ['snooze(seconds)', () => snooze(1.5), { type: 'snooze', seconds: 1.5 }],
  ['a value that looks like an outcome', () => ({ type: 'error', error: 'x' }), { type: 'ok', value: { type: 'error', error: 'x' } }],
  ['error(text)', () => error('why'), { type: 'error', error: { code: 'failed', message: 'why', reason: 'why', ...attempt } }],
  [
    'error(data)',
    () => error({ c: 1 }),
    { type: 'error', error: { code: 'failed', message: 'The handler returned an error.', reason: { c: 1 }, ...attempt } },
  ],
  ['error()', () => error(), { type: 'error', error: { code: 'failed', message: 'The handler returned an error.', reason: undefined, ...attempt } }],
])('a handler that gives %s', async (_, handler, result) => {
  expect(await given(handler)).toStrictEqual(result)
})

class Broken extends Error {}

test.each([
  [
    'a TypeError',
    () => {
      throw new TypeError('bad', { cause: { a: 1 } })
    },
    { name: 'TypeError', message: 'bad', cause: { a: 1 }, stack: expect.stringContaining('bad') },
  ],
  [
    'a rejection',
    async () => {
      throw new RangeError('far')
    },
    { name: 'RangeError', message: 'far' },
  ],
  [
    'an Error of a class without a name',
    () => {
      throw new Broken('x')
    },
    { name: 'Broken', message: 'x' },
  ],
  [
    'a string',
    () => {
      throw 'text'
    },
    { name: 'Error', message: 'text', cause: 'text' },
  ],
  [
    'nothing',
    () => {
      throw undefined
    },
    { name: 'Error', message: 'undefined' },
  ],
  [
    'data',
    () => {
      throw { code: 7 }
    },
    { name: 'Error', message: '{"code":7}', cause: { code: 7 } },
  ],
  [
    'an Error caused by an Error',
    () => {
      throw new Error('a', { cause: new Error('b') })
    },
    { message: 'a', cause: { name: 'Error', message: 'b', stack: expect.any(String) } },
  ],
  [
    'an Error whose cause cannot be encoded',
    () => {
      throw new Error('a', { cause: () => 1 })
    },
    { message: 'a', cause: '() => 1', stack: expect.any(String) },
  ],
  [
    'a Proxy that was revoked',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      throw proxy
    },
    { name: 'Error', message: 'a value that cannot be shown', cause: 'a value that cannot be shown' },
  ],
  [
    'an Error caused by itself',
    () => {
      const e = new Error('a')
      e.cause = e
      throw e
    },
    { message: 'a', cause: { message: 'a' } },
  ],
  [
    'an Error with a message and a name beyond all bounds',
    () => {
      throw Object.assign(new Error('m'.repeat(9_000)), { name: 'n'.repeat(300) })
    },
    { message: expect.stringMatching(/^m{8191}…$/), name: expect.stringMatching(/^n{255}…$/) },
  ],
  [
    'a hostile object',
    () => {
      throw new Proxy(new Error('x'), {
        get() {
          throw new Error('gotcha')
        },
      })
    },
    { name: 'Error' },
  ],
])('a handler that throws %s gives an exception', async (_, handler, exception) => {
  expect(await given(handler)).toMatchObject({ type: 'error', error: { code: 'exception', ...attempt, ...exception } })
})

test('an oversized cause is clipped, so that a trace stays small', async () => {
  const result = await given(() => {
    throw new Error('a', { cause: { big: 'x'.repeat(100_000) } })
  })
  expect(result).toMatchObject({ error: { code: 'exception', message: 'a', stack: expect.any(String) } })
  expect(JSON.stringify(result).length).toBeLessThan(32 * 1024)
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2_592_001, '3' as unknown as number])(
  'snooze(%s) throws, and so is an exception',
  async (seconds) => {
    expect(() => snooze(seconds)).toThrow('snooze: expected seconds from 0 to 2592000, got')
    expect(await given(() => snooze(seconds))).toMatchObject({ error: { code: 'exception', name: 'TypeError' } })
  },
)

test('args that the schema refuses give invalid_args, for good, with the paths', async () => {
  const strict = defineJob({ name: 'strict', args: z.object({ user: z.object({ age: z.number() }) }) })
  expect(await strict.perform(() => 1).run({ user: { age: 'x' } })).toStrictEqual({
    type: 'error',
    error: {
      code: 'invalid_args',
      message: 'The args are invalid: args.user.age: Invalid input: expected number, received string',
      attempt: 1,
      state: 'discarded',
    },
  })
})

test('a schema that throws is an exception, because another attempt may go well', async () => {
  const args = {
    '~standard': {
      version: 1,
      vendor: 'x',
      validate: () => {
        throw new Error('no database')
      },
    },
  } as never
  expect(
    await defineJob({ name: 'a', args })
      .perform(() => 1)
      .run(1),
  ).toMatchObject({ error: { code: 'exception', message: 'no database' } })
})

test('a handler gets the output of the args schema, and its result is stored as the output of the result schema', async () => {
  const both = defineJob({
    name: 'both',
    args: z.object({ when: z.string().transform((s) => new Date(s)) }),
    result: z.string().transform((s) => s.length),
  })
  const performer = both.perform((args) => args.when.toISOString())
  expect(await performer.run({ when: '2026-01-01' })).toEqual({ type: 'ok', value: 24 })
})

test.each([
  [
    'refused by the schema',
    z.object({ a: z.number() }),
    { a: 'x' },
    'The result is invalid: result.a: Invalid input: expected number, received string',
  ],
  ['a function', undefined, () => 1, 'Cannot encode a function.'],
  ['holding a function', undefined, { list: [{ f() {} }] }, 'Cannot encode the function "f" at .list[0].f.'],
  ['holding a class instance', undefined, { now: new (class Clock {})() }, 'Cannot encode an instance of Clock at .now.'],
])('a result %s gives invalid_result, for good, with the path', async (_, schema, value, message) => {
  const result = await defineJob({ name: 'a', result: schema })
    .perform(() => value as never)
    .run(undefined)
  expect(result).toStrictEqual({ type: 'error', error: { code: 'invalid_result', message, attempt: 1, state: 'discarded' } })
})

test.each([
  ['a value', (big: string) => big, 'result'],
  ['a reason to cancel', (big: string) => cancel(big), 'reason'],
  ['a reason to discard', (big: string) => discard(big), 'reason'],
  ['a reason of an error', (big: string) => error(big), 'reason'],
])('%s over the limit gives result_too_large, for good, with both sizes', async (_, handler, what) => {
  expect(await given(() => handler('é'.repeat(600_000)))).toStrictEqual({
    type: 'error',
    error: {
      code: 'result_too_large',
      message: `The encoded ${what} takes 1200004 bytes; at most 1048576 are taken.`,
      attempt: 1,
      state: 'discarded',
    },
  })
})

test('an attempt over its timeout is settled at once, its signal aborts, and what it gives later is dropped', async () => {
  const slow = defineJob({ name: 'slow', timeout: 20 })
  let signal: AbortSignal | undefined
  const result = await slow
    .perform((_, ctx) => {
      signal = ctx.signal
      return new Promise(() => {})
    })
    .run(undefined)
  expect(result).toStrictEqual({
    type: 'error',
    error: { code: 'job_timeout', message: 'The job ran longer than its timeout of 20 ms.', ...attempt },
  })
  expect(signal?.reason).toMatchObject({ name: 'TimeoutError' })
})

test('an attempt that ends in time is not aborted when its timeout comes', async () => {
  let signal: AbortSignal | undefined
  await defineJob({ name: 'quick', timeout: 10 })
    .perform((_, ctx) => void (signal = ctx.signal))
    .run(undefined)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(signal?.aborted).toBe(false)
})

test('the last attempt discards the job', async () => {
  const result = await job.perform(() => error('x')).run(undefined, { attempt: 3 })
  expect(result).toMatchObject({ error: { code: 'failed', attempt: 3, state: 'discarded' } })
})

test('a handler gets what the context says, and the definition’s own where it says nothing', async () => {
  let seen: Context | undefined
  const log = { info() {}, warn() {}, error() {} }
  await job.perform((_, ctx) => void (seen = ctx)).run(undefined, { attempt: 2, log })
  expect(seen).toMatchObject({ attempt: 2, maxAttempts: 3, log, job: { name: 'job', queue: 'default', meta: {}, scheduledAt: expect.any(Date) } })
  expect(seen?.signal.aborted).toBe(false)
})

test('a signal of the caller aborts the handler’s', async () => {
  const controller = new AbortController()
  const running = job
    .perform((_, ctx) => {
      setImmediate(() => controller.abort())
      return new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('stopped')))
    })
    .run(undefined, { signal: controller.signal })
  expect(await running).toEqual({ type: 'ok', value: 'stopped' })
})

test.each([
  ['within its bounds', () => 7, 7],
  ['beyond 30 days', () => 1e9, 2_592_000],
  ['below 0', () => -5, 0],
  ['no number', () => Number.NaN, undefined],
  ['something else', () => 'soon' as never, undefined],
  [
    'thrown',
    () => {
      throw new Error('x')
    },
    undefined,
  ],
])('a definition’s backoff %s gives the time of the next attempt', async (_, backoff, seconds) => {
  const before = Date.now()
  const result = await defineJob({ name: 'a', backoff })
    .perform(() => error('x'))
    .run(undefined)
  const { retryAt } = result.type === 'error' && 'attempt' in result.error ? result.error : {}
  if (seconds === undefined) expect(retryAt).toBeUndefined()
  else expect(Math.abs((retryAt as Date).getTime() - before - seconds * 1_000)).toBeLessThan(1_000)
})

test('a backoff is told the attempt and what went wrong', async () => {
  const calls: unknown[] = []
  const backoff = (...call: unknown[]) => calls.push(call)
  await defineJob({ name: 'a', backoff })
    .perform(() => {
      throw new TypeError('x')
    })
    .run(undefined, { attempt: 2 })
  expect(calls).toMatchObject([[2, { code: 'exception', name: 'TypeError', message: 'x', attempt: 2, state: 'retryable' }]])
})

test('perform takes a function alone', () => {
  expect(() => job.perform('x' as never)).toThrow(TypeError)
})

const telling = defineJob({ name: 'telling', progress: z.number(), chunk: z.string().transform((text) => text.toUpperCase()) })

test('a rehearsal tells what watchers would be told, to whoever wants to know', async () => {
  const told: unknown[] = []
  const performer = telling.perform(async (_, ctx) => {
    ctx.progress(0.5)
    await ctx.emit('a')
    void ctx.emit('b')
    ctx.progress(1)
  })
  const result = await performer.run(undefined, { progress: (value) => void told.push(value), emit: async (chunk) => void told.push(chunk) })
  expect([result, told]).toEqual([{ type: 'ok', value: undefined }, [0.5, 'A', 'B', 1]])
  expect(await performer.run(undefined)).toEqual({ type: 'ok', value: undefined })
})

test('a rehearsal keeps the schemas of progress and chunks as a worker does', async () => {
  const warnings: string[] = []
  const log = { info() {}, warn: (message: string) => void warnings.push(message), error() {} }
  const performer = telling.perform(async (_, ctx) => {
    ctx.progress('x' as never)
    void ctx.emit(1 as never)
    await ctx.emit(2 as never)
  })
  expect(await performer.run(undefined, { log })).toMatchObject({
    error: { code: 'exception', name: 'EmitError', message: expect.stringContaining('The chunk is invalid') },
  })
  expect(warnings).toEqual(['Progress is dropped. The progress is invalid: progress: Invalid input: expected number, received string'])
})
