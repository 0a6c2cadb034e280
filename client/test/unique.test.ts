import { createHash } from 'node:crypto'
import { jobRequest } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { defineJob, InvalidJobError, type UniqueOptions } from '#client/index.js'
import { requestOf } from '#client/newJob.js'

/** What is sent of a job's uniqueness, as the protocol takes it. */
async function sent(unique: UniqueOptions, args?: unknown, options: object = {}, name = 'job') {
  const request = await requestOf(defineJob({ name, unique }).new(args, options))
  return jobRequest.parse(request).unique
}
const keyOf = async (...job: Parameters<typeof sent>) => (await sent(...job))?.key

test('a job is not unique unless it is asked for', async () => {
  expect(await requestOf(defineJob({ name: 'job' }).new())).not.toHaveProperty('unique')
})

test('by default a job is unique by its name, queue and args, for ever, until it was cancelled or discarded', async () => {
  const digest = createHash('sha256').update('name:["job"]\nqueue:["default"]\nargs:[{"a":1},1]').digest('hex')
  expect(await sent({}, { a: 1 })).toEqual({ key: digest, states: ['scheduled', 'available', 'executing', 'retryable', 'completed'] })
})

test('a period and states of its own are sent; no end of it is no period', async () => {
  expect(await sent({ period: 60, states: ['executing', 'available', 'executing'] })).toMatchObject({
    period: 60,
    states: ['available', 'executing'],
  })
  expect(await sent({ period: Number.POSITIVE_INFINITY })).not.toHaveProperty('period')
})

test.each([
  ['the order of keys', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
  ['what is shared', ((point) => ({ from: point, to: point }))({ x: 1 }), { from: { x: 1 }, to: { x: 1 } }],
  ['the order of keys in a list', [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
  ['the order of keys in a Map', new Map([['k', { a: 1, b: 2 }]]), new Map([['k', { b: 2, a: 1 }]])],
  ['the order of keys in a Set', new Set([{ a: 1, b: 2 }]), new Set([{ b: 2, a: 1 }])],
])('two jobs that differ only in %s are alike', async (_, one, other) => {
  expect(await keyOf({}, one)).toBe(await keyOf({}, other))
})

test.each([
  ['values', { a: 1 }, { a: 2 }],
  ['types', { a: 1 }, { a: '1' }],
  ['the order of a list', [1, 2], [2, 1]],
  ['an absent and an undefined value', {}, { a: undefined }],
  ['dates', new Date(1), new Date(2)],
  ['lengths', new Array(2), new Array(3)],
])('two jobs that differ in %s are not alike', async (_, one, other) => {
  expect(await keyOf({}, one)).not.toBe(await keyOf({}, other))
})

test('args that contain themselves have a key, always the same', async () => {
  const knot = () => {
    const args: { name: string; self?: unknown; list: unknown[] } = { name: 'a', list: [] }
    args.self = args
    args.list.push(args.list)
    return args
  }
  expect(await keyOf({}, knot())).toBe(await keyOf({}, knot()))
  expect(await keyOf({}, knot())).not.toBe(await keyOf({}, { ...knot(), name: 'b' }))
})

test.each([
  ['name', {}, {}, 'another'],
  ['queue', {}, { queue: 'media' }, 'job'],
  ['meta', {}, { meta: { a: 1 } }, 'job'],
  ['tags', {}, { tags: ['x'] }, 'job'],
  ['priority', {}, { priority: 3 }, 'job'],
] as const)('%s counts when it is one of the fields, and only then', async (field, _, options, name) => {
  expect(await keyOf({ fields: [field] }, 1, options, name)).not.toBe(await keyOf({ fields: [field] }, 1))
  expect(await keyOf({ fields: ['args'] }, 1, options, name)).toBe(await keyOf({ fields: ['args'] }, 1))
})

test('a default that is spelt out is the same as none', async () => {
  const unique = { fields: ['queue', 'priority', 'tags', 'meta'] }
  expect(await keyOf(unique, 1, { queue: 'default', priority: 0, tags: [], meta: {} })).toBe(await keyOf(unique, 1))
})

test('the order in which fields are named does not matter, nor how often', async () => {
  expect(await keyOf({ fields: ['args', 'name', 'args'] }, 1)).toBe(await keyOf({ fields: ['name', 'args'] }, 1))
})

test('of args and meta only what is under the keys counts', async () => {
  const unique = { fields: ['args', 'meta'], keys: ['id'] }
  const key = await keyOf(unique, { id: 1, at: 5 }, { meta: { id: 'x', by: 'page' } })
  expect(await keyOf(unique, { at: 6, id: 1 }, { meta: { id: 'x' } })).toBe(key)
  expect(await keyOf(unique, { id: 2 }, { meta: { id: 'x' } })).not.toBe(key)
  expect(await keyOf(unique, { id: 1 }, { meta: { id: 'y' } })).not.toBe(key)
  expect(await keyOf(unique, 7)).not.toBe(await keyOf(unique, 8))
})

test('states and period say when a job stands in the way, not which jobs are alike', async () => {
  expect(await keyOf({ states: ['executing'], period: 5 }, 1)).toBe(await keyOf({}, 1))
})

test('what a job says takes the place of what its definition says', async () => {
  const job = defineJob({ name: 'job', unique: { fields: ['name'] } })
  const request = await requestOf(job.new(1, { unique: { fields: ['args'] } }))
  expect(request.unique?.key).toBe(await keyOf({ fields: ['args'] }, 1))
})

test('a unique job survives JSON and structuredClone with its key', async () => {
  const job = defineJob({ name: 'job', unique: { period: Number.POSITIVE_INFINITY, keys: undefined } }).new({ a: 1 })
  const request = await requestOf(job)
  expect(request.unique).toBeDefined()
  expect(await requestOf(JSON.parse(JSON.stringify(job)))).toEqual(request)
  expect(await requestOf(structuredClone(job))).toEqual(request)
})

test('the key is made of the args as they were when the job was made, not of what a schema makes of them', async () => {
  const schema = { '~standard': { version: 1, vendor: 'x', validate: (value: { a: number }) => ({ value: { ...value, a: 5 } }) } } as const
  const args = { a: 1 }
  const job = defineJob({ name: 'job', unique: {}, args: schema as never }).new(args as never)
  args.a = 2
  expect((await requestOf(job)).unique?.key).toBe(await keyOf({}, { a: 1 }))
})

test.for([
  [{ unique: { fields: [] } }, ['unique', 'fields'], 'expected a list of name, queue, args, meta, tags, priority, got an array'],
  [{ unique: { fields: ['worker'] } }, ['unique', 'fields'], 'expected a list of name, queue, args, meta, tags, priority, got an array'],
  [{ unique: { keys: 'id' } }, ['unique', 'keys'], 'expected a list of keys, got "id"'],
  [{ unique: { period: 0 } }, ['unique', 'period'], 'expected seconds above 0 and up to 315360000, or Infinity, got 0'],
  [{ unique: { states: ['running'] } }, ['unique', 'states'], /^expected a list of scheduled, available, /],
  [{ unique: { field: [] } }, ['unique', 'field'], 'unknown option: expected one of fields, keys, period, states'],
  [{ unique: true }, ['unique'], 'expected an object, got true'],
] as [object, string[], string | RegExp][])(
  'a wrong option of uniqueness makes an invalid job, and no definition: %$',
  async ([options, path, message]) => {
    const job = defineJob({ name: 'job' }).new(1, options)
    const error = await Promise.resolve()
      .then(() => requestOf(job))
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InvalidJobError)
    expect((error as InvalidJobError).issues).toEqual([{ path, message: typeof message === 'string' ? message : expect.stringMatching(message) }])
    expect(() => defineJob({ name: 'job', ...options })).toThrow(TypeError)
  },
)
