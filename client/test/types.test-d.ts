// What the public signatures promise, checked by the compiler alone: npx tsc -p client/test/tsconfig.json
import { type as ark } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import {
  type ArgsOf,
  type AwaitResult,
  type Client,
  defineJob,
  type Job,
  type JobState,
  type Relay,
  type ResultOf,
  type,
  unwrap,
  type Waiting,
} from '#client/index.js'
import { CancelError, cancel, createWorker, discard, error, ok, snooze } from '#client/worker/index.js'

type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const is = <A, B>(_: Eq<A, B>) => {}
declare const client: Client

// A zod job, submitted and awaited.
const double = defineJob({
  name: 'double',
  args: z.object({ int: z.number() }),
  result: z.number(),
  queue: 'default',
  priority: 0,
  maxAttempts: 20,
  timeout: Number.POSITIVE_INFINITY,
})
const relay = await client.async(double.new({ int: 2 }, { scheduleIn: 0 }))
is<typeof relay, Relay<number, unknown, unknown>>(true)
const result = await client.await(relay)
is<typeof result, AwaitResult<number>>(true)
if (result.type === 'ok') is<typeof result.value, number>(true)
else if (result.type === 'error' && result.error.code === 'timeout') is<typeof result.error.waiting, Waiting>(true)
const promised = await client.await(client.async(double.new({ int: 2 })))
is<typeof promised, AwaitResult<number>>(true)
is<ArgsOf<typeof double>, { int: number }>(true)
is<ResultOf<typeof double>, number>(true)
// @ts-expect-error wrong args
double.new({ int: 'x' })
// @ts-expect-error args are required
double.new()
// @ts-expect-error a handler gives the job's result
double.perform(async () => 'nope')
double.perform((args) => args.int)
const everyOutcome = double.perform(async (args) => {
  if (args.int > 3) return cancel('x')
  if (args.int > 4) return snooze(3)
  if (args.int > 5) return error({ c: 1 })
  if (args.int > 6) return discard()
  if (args.int > 1) return ok(3)
  return args.int
})
// @ts-expect-error ok of a wrong type
double.perform(async () => ok('s'))
// @ts-expect-error ok() without a value for a job of numbers
double.perform(async () => ok())

// Transforms: callers give the args' input and get the result's output; handlers the reverse.
const transforming = defineJob({
  name: 'transforming',
  args: z.object({ when: z.string().transform((s) => new Date(s)), n: z.number().default(1) }),
  result: z.string().transform(Number),
})
transforming.new({ when: 'x' })
const dates = transforming.perform((args) => {
  is<typeof args, { when: Date; n: number }>(true)
  return '12'
})
const transformed = await client.await(client.async(transforming.new({ when: '2026' })))
is<typeof transformed, AwaitResult<number>>(true)
// @ts-expect-error the handler gives the schema's input
transforming.perform(() => 12)

// No schemas.
const bare = defineJob({ name: 'bare' })
bare.new()
bare.new({ a: 1 })
const anything = await client.await(client.async(bare.new()))
is<typeof anything, AwaitResult<unknown>>(true)
const nothing = bare.perform(async () => {})
bare.perform(async (args) => args.y)
bare.perform(() => ok())

// Void results.
const empty = defineJob({ name: 'empty', args: z.object({ id: z.string() }), result: z.void() })
const voids = empty.perform(async () => {})
empty.perform(async () => ok())
const done = await client.await(client.async(empty.new({ id: '1' })))
is<typeof done, AwaitResult<void>>(true)

// type<T>() for types alone; progress and chunks, given by the handler and watched by callers.
const typed = defineJob({
  name: 'typed',
  args: type<{ bytes: Uint8Array }>(),
  result: type<Uint8Array>(),
  progress: type<number>(),
  chunk: type<string>(),
})
const bytes = typed.perform(async (args, ctx) => {
  is<typeof ctx.signal, AbortSignal>(true)
  ctx.log.info('x', { attempt: ctx.attempt, of: ctx.maxAttempts, job: ctx.job.id })
  ctx.progress(0.5)
  const stored = ctx.emit('x')
  is<typeof stored, Promise<void>>(true)
  if (ctx.signal.reason instanceof CancelError) is<typeof ctx.signal.reason.reason, unknown>(true)
  return args.bytes
})
// @ts-expect-error a chunk of a wrong type
typed.perform(async (args, ctx) => [args.bytes, await ctx.emit(3)][0])
// @ts-expect-error progress of a wrong type
typed.perform(async (args, ctx) => [args.bytes, ctx.progress('x')][0])
// @ts-expect-error the context has nothing of this name
typed.perform(async (args, ctx) => [args, ctx.nonsense])
for await (const event of client.watch(client.async(typed.new({ bytes: new Uint8Array() })))) {
  is<typeof event.attempt, number>(true)
  if (event.type === 'state') is<typeof event.state, JobState>(true)
  if (event.type === 'progress') is<typeof event.value, number>(true)
  if (event.type === 'chunk') is<typeof event.value, string>(true)
  if (event.type === 'outcome' && event.result.type === 'ok') is<typeof event.result.value, Uint8Array>(true)
}
for await (const event of client.watch(client.attach('r', typed))) if (event.type === 'chunk') is<typeof event.value, string>(true)
for await (const event of client.watch(client.attach('r'))) if (event.type === 'progress') is<typeof event.value, unknown>(true)

// Transforms of progress and chunks: the handler gives the input, watchers get the output.
const lengths = defineJob({ name: 'lengths', progress: z.string().transform(Number), chunk: z.string().transform((s) => s.length) })
lengths.perform(async (_, ctx) => {
  ctx.progress('1')
  await ctx.emit('x')
})
// @ts-expect-error the handler gives the schema's input
lengths.perform(async (_, ctx) => ctx.emit(3))
for await (const event of client.watch(client.async(lengths.new()))) if (event.type === 'chunk') is<typeof event.value, number>(true)

// Other schema libraries.
const valibot = defineJob({ name: 'valibot', args: v.object({ n: v.pipe(v.string(), v.transform(Number)) }), result: v.number() })
valibot.perform((args) => {
  is<typeof args, { n: number }>(true)
  return args.n
})
valibot.new({ n: '1' })
const arktype = defineJob({ name: 'arktype', args: ark({ n: 'number' }), result: ark('string') })
const text = await client.await(client.async(arktype.new({ n: 1 })))
is<typeof text, AwaitResult<string>>(true)

// Tuples.
const many = await client.awaitMany(
  [client.async(double.new({ int: 1 })), client.async(empty.new({ id: '' })), relay, await client.async(arktype.new({ n: 1 }))],
  100,
)
is<typeof many, [AwaitResult<number>, AwaitResult<void>, AwaitResult<number>, AwaitResult<string>]>(true)
const list = await client.awaitMany(
  [1, 2, 3].map((int) => client.async(double.new({ int }))),
  100,
)
is<typeof list, AwaitResult<number>[]>(true)
const relays = await client.asyncMany([double.new({ int: 1 }), empty.new({ id: '1' })])
is<typeof relays, [Relay<number>, Relay<void>]>(true)
const relayList = await client.asyncMany([1, 2].map((int) => double.new({ int })))
is<typeof relayList, Relay<number>[]>(true)
const both = await client.awaitMany(relays)
is<typeof both, [AwaitResult<number>, AwaitResult<void>]>(true)
const entries = [relay, relays[1]]
const mixed = await client.awaitMany(entries)
is<typeof mixed, AwaitResult<number | void>[]>(true)

// Attaching.
const attached = client.attach<number>('r')
is<typeof attached, Relay<number>>(true)
const typedAttached = client.attach('r', double)
is<typeof typedAttached, Relay<number, unknown, unknown>>(true)
client.attach(relay)
client.attach(JSON.stringify(relay))
const stored: Relay<ResultOf<typeof double>> = typedAttached

// One worker, many kinds of jobs.
createWorker('x', { queues: { default: 1 }, jobs: [everyOutcome, dates, nothing, voids, bytes, double.perform((args) => args.int)] })
// @ts-expect-error a definition is not yet a performer
createWorker('x', { jobs: [double] })

is<number, ReturnType<typeof unwrap<number>>>(true)

// Callers under exactOptionalPropertyTypes may pass undefined.
declare const maybe: AbortSignal | undefined
await client.await(relay, { signal: maybe, timeout: undefined })
await client.async(double.new({ int: 1 }, { queue: undefined }), { signal: maybe })

// Results are exhaustive.
function show(given: AwaitResult<number>): string {
  switch (given.type) {
    case 'ok':
      return `${given.value}`
    case 'cancel':
    case 'discard':
      return 'no'
    case 'snooze':
      return `${given.seconds}`
    case 'error':
      return given.error.code === 'exception' ? given.error.name : given.error.message
  }
}

// Relays are covariant.
const wider: Relay<number | string> = relay
const widest: Relay = relay
// @ts-expect-error not narrower
const narrower: Relay<string> = relay

// A value may look like an outcome.
const tricky = defineJob({ name: 'tricky', result: z.object({ type: z.literal('error'), error: z.string() }) })
tricky.perform(() => ({ type: 'error' as const, error: 'x' }))

// any.
const act = defineJob({ name: 'act', args: z.any(), result: z.any() })
act.new()
act.new({ do: 1 })
const acted = await client.await(client.async(act.new()))
is<typeof acted, AwaitResult<any>>(true)
act.perform(async (args) => {
  switch (args.do) {
    case 'void':
      return
    case 'ok':
      return ok(args.v)
    case 'cancel':
      return cancel(args.v)
    default:
      return () => 1
  }
})

// Unions.
const union = defineJob({
  name: 'union',
  args: z.discriminatedUnion('k', [z.object({ k: z.literal('a'), x: z.number() }), z.object({ k: z.literal('b'), y: z.string() })]),
  result: z.union([z.string(), z.null()]),
})
union.new({ k: 'b', y: '' })
union.perform((args) => (args.k === 'a' ? null : args.y))
const united = await client.await(client.async(union.new({ k: 'a', x: 1 })))
is<typeof united, AwaitResult<string | null>>(true)

// Args that may be left out.
const noArgs = defineJob({ name: 'noArgs', args: z.void(), result: z.number() })
noArgs.new()
noArgs.new(undefined, { scheduleIn: 3 })
defineJob({ name: 'undefined', args: z.undefined() }).new()
const unknownArgs = defineJob({ name: 'unknown', args: z.unknown() })
unknownArgs.new()
unknownArgs.new(3)
const coerced = defineJob({ name: 'coerced', args: z.object({ d: z.coerce.date() }) })
coerced.new({ d: 'x' })
coerced.perform((args) => {
  is<typeof args, { d: Date }>(true)
})

// Generic functions over jobs, and methods taken apart.
async function run<J extends Job>(job: J, args: ArgsOf<J>): Promise<ResultOf<J>> {
  const { async: submit, await: wait } = client
  return unwrap(await wait(submit(job.new(args)))) as ResultOf<J>
}
const ran = await run(double, { int: 3 })
is<typeof ran, number>(true)

// Cancelling, inspecting, uniqueness.
const cancelled = await client.cancel(client.async(double.new({ int: 1 })), { reason: { why: 1 } })
is<typeof cancelled.cancelled, boolean>(true)
is<typeof cancelled.state, JobState>(true)
await client.cancel(relay)
const inspected = await client.inspect(relay)
is<typeof inspected.waiting, Waiting | null>(true)
is<typeof inspected.finishedAt, Date | null>(true)
const [failure] = inspected.errors
if (failure?.code === 'failed') is<typeof failure.at, Date>(true)
double.new({ int: 1 }, { unique: {} })
double.new({ int: 1 }, { unique: { fields: ['args'], keys: ['int'], period: 60, states: ['available', 'executing'] } })
defineJob({ name: 'only', unique: { period: undefined } })
// @ts-expect-error no state of a job
double.new({ int: 1 }, { unique: { states: ['running'] } })
await client.async(double.new({ int: 1 }), { cancelOnDisconnect: true, signal: maybe })
for await (const event of client.watch(relay, { signal: maybe })) void event

// A client and a worker may be disposed of.
await using disposable = client
void [show, stored, wider, widest, narrower, disposable]
