import { isRef, open } from '@anchorleg/shared'
import { jobRequest } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, InvalidJobError, type type } from '#client/index.js'
import { requestOf } from '#client/newJob.js'

const double = defineJob({ name: 'double', args: z.object({ int: z.number() }), result: z.number() })

async function issuesOf(job: Parameters<typeof requestOf>[0]) {
  const error = await Promise.resolve()
    .then(() => requestOf(job))
    .catch((error: unknown) => error)
  expect(error).toBeInstanceOf(InvalidJobError)
  return (error as InvalidJobError).issues
}

test('a job has a fresh ref, or the one it is given', () => {
  const ref = '01890a5d-ac96-774b-bcce-b302099a8057'
  expect(isRef(double.new({ int: 1 }).ref)).toBe(true)
  expect(double.new({ int: 1 }).ref).not.toBe(double.new({ int: 1 }).ref)
  expect(double.new({ int: 1 }, { ref }).ref).toBe(ref)
})

test('what is sent of a job is what the protocol takes, options of the job before those of its definition', async () => {
  const job = defineJob({ name: 'a', queue: 'media', priority: 3, timeout: 5_000, tags: ['x'], meta: { by: 'page' } })
  const request = await requestOf(job.new([1], { priority: 1, timeout: Number.POSITIVE_INFINITY, scheduledAt: new Date(5), queue: undefined }))
  expect(jobRequest.parse(request)).toMatchObject({ name: 'a', queue: 'media', priority: 1, scheduledAt: 5, tags: ['x'], meta: { by: 'page' } })
  expect(request).not.toHaveProperty('timeout')
  expect(open(request.args)).toEqual([1])
})

test('a job is frozen plain data that survives JSON, structuredClone, spreading and a proxy', async () => {
  const job = double.new({ int: 2 }, { meta: { a: [1] } })
  const sent = await requestOf(job)
  expect(Object.isFrozen(job)).toBe(true)
  expect(await requestOf(JSON.parse(JSON.stringify(job)))).toEqual(sent)
  expect(await requestOf(structuredClone(job))).toEqual(sent)
  expect(await requestOf({ ...job })).toEqual(sent)
  expect(await requestOf(new Proxy(job, {}))).toEqual(sent)
})

test('a job behind a proxy is still validated by its definition', async () => {
  expect(await issuesOf(new Proxy(double.new({ int: 'x' } as never), {}))).toMatchObject([{ path: ['int'] }])
})

test('a job keeps its args and options as they were when it was made, so that submitting it again is the same job', async () => {
  const args = { int: 1 }
  const meta = { deep: { list: [1] } }
  const job = double.new(args, { meta })
  const before = await requestOf(job)
  args.int = 2
  meta.deep.list.push(2)
  expect(await requestOf(job)).toEqual(before)
  expect(open(before.args)).toEqual({ int: 1 })
  expect(before.meta).toEqual({ deep: { list: [1] } })
})

test('the input of a schema is sent, not its output', async () => {
  const job = defineJob({ name: 'a', args: z.object({ when: z.string().transform((s) => new Date(s)), n: z.number().default(1) }) })
  expect(open((await requestOf(job.new({ when: '2026' }))).args)).toEqual({ when: '2026' })
})

test('a schema may validate asynchronously', async () => {
  const job = defineJob({ name: 'a', args: z.string().refine(async (s) => s === 'good', 'not good') })
  expect(open((await requestOf(job.new('good'))).args)).toBe('good')
  expect(await issuesOf(job.new('bad'))).toEqual([{ path: [], message: 'not good' }])
})

test('a schema that throws refuses the args', async () => {
  const job = defineJob({
    name: 'a',
    args: {
      '~standard': {
        version: 1,
        vendor: 'x',
        validate: () => {
          throw new Error('broken')
        },
      },
    } as ReturnType<typeof type>,
  })
  expect(await issuesOf(job.new(1))).toEqual([{ path: [], message: 'the schema threw: broken' }])
})

test.for([
  [{ priority: 12 }, 'priority', 'expected an integer from 0 to 9, got 12'],
  [{ maxAttempts: 1.5 }, 'maxAttempts', 'expected an integer from 1 to 1000000, got 1.5'],
  [{ timeout: Number.NaN }, 'timeout', 'expected milliseconds above 0, or Infinity, got NaN'],
  [{ ref: 'ABC' }, 'ref', 'expected a UUID in lower case, got "ABC"'],
  [{ scheduleIn: -1 }, 'scheduleIn', 'expected seconds from 0 to 315360000, got -1'],
  [{ scheduledAt: new Date(Number.NaN) }, 'scheduledAt', 'expected a valid Date from 1970 on, got NaN'],
  [{ scheduledAt: 'tomorrow' }, 'scheduledAt', 'expected a valid Date from 1970 on, got "tomorrow"'],
  [{ tags: 'x' }, 'tags', 'expected a list of at most 32 tags of 1 to 128 characters, got "x"'],
  [{ meta: { when: new Date() } }, 'meta', 'expected an object of plain JSON of at most 16384 characters, got an object'],
  [{ meta: { big: 'x'.repeat(20_000) } }, 'meta', 'expected an object of plain JSON of at most 16384 characters, got an object'],
  [{ queue: null }, 'queue', 'expected text of 1 to 128 characters, got null'],
  [{ nonsense: 1 }, 'nonsense', /^unknown option: expected one of/],
] as [object, string, string | RegExp][])('a wrong option makes an invalid job: %$', async ([options, path, message]) => {
  expect(await issuesOf(double.new({ int: 1 }, options as never))).toEqual([
    { path: [path], message: typeof message === 'string' ? message : expect.stringMatching(message) },
  ])
})

test('meta that contains itself is an invalid option, not an endless loop', async () => {
  const meta: Record<string, unknown> = {}
  meta.self = meta
  expect(await issuesOf(double.new({ int: 1 }, { meta } as never))).toMatchObject([{ path: ['meta'] }])
})

test('scheduleIn and scheduledAt exclude each other', async () => {
  expect(await issuesOf(double.new({ int: 1 }, { scheduleIn: 1, scheduledAt: new Date() }))).toEqual([
    { path: ['scheduledAt'], message: 'expected either scheduleIn or scheduledAt, got both' },
  ])
})

test.for([
  [{ user: { name: () => 1 } }, ['user', 'name'], 'Cannot encode the function "name" at .user.name.'],
  [[[Symbol('x')]], [0, 0], 'Cannot encode a symbol at [0][0].'],
  [{ 'first name': new (class Person {})() }, ['first name'], 'Cannot encode an instance of Person at ["first name"].'],
  [{ a: new Map([['k', { f() {} }]]) }, ['a', '"k"', 'f'], /Cannot encode the function "f" at \.a\.get\("k"\)\.f/],
] as [unknown, (string | number)[], string | RegExp][])(
  'a value that cannot be encoded makes an invalid job that says where: %$',
  async ([args, path, message]) => {
    const [issue] = await issuesOf(defineJob({ name: 'a' }).new(args))
    expect(issue?.path).toEqual(path)
    expect(issue?.message).toMatch(message)
  },
)

test('args are validated as the worker will see them', async () => {
  const job = defineJob({ name: 'a', args: z.instanceof(Error) })
  expect(await issuesOf(job.new(new Error('x')))).toMatchObject([{ path: [] }])
})

test('what is no job is an invalid job', async () => {
  expect(await issuesOf({ ref: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'a' })).toEqual([{ path: [], message: 'expected a job made by new()' }])
})
