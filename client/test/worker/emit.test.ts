import { type Emission, open } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type } from '#client/index.js'
import { type Context, EmitError, type Log } from '#client/worker/index.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { type Heard, limits, ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, silent, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job', chunk: type<unknown>() })
const emissions = ({ message }: Heard): Emission[] => workerMessages.emit.parse(message).chunks
const shown = (heard: Heard) => emissions(heard).map(({ index, value, codec }) => [index, open(value, codec)])
const everyChunk = (hub: ScriptedHub) => hub.all('emit').flatMap(shown)

/** Runs one job whose handler the test sees. */
async function run(hub: ScriptedHub, more: { definition?: typeof job; log?: Log } = {}) {
  const { handler, started } = heldHandler()
  const worker = work(hub, [(more.definition ?? job).perform(handler)], { logger: more.log ?? silent })
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  return { ...(await started()), sent, worker, [Symbol.asyncDispose]: worker.close }
}

const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as EmitError,
  )

test('chunks are numbered and sent in order, those of one turn in one message, and resolve when they are stored', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: () => undefined })
  await using place = await run(hub)
  let stored = 0
  const all = ['a', 'b', 'c'].map((chunk) => place.ctx.emit(chunk).then(() => (stored += 1)))
  const heard = await hub.nth('emit')
  expect(emissions(heard)).toMatchObject([0, 1, 2].map((index) => ({ ...leaseOf(place.sent), index })))
  expect([shown(heard), stored]).toEqual([
    [
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ],
    0,
  ])
  heard.answer({ ok: ['stored', 'stored', 'stored'] })
  await Promise.all(all)
  expect(stored).toBe(3)
})

test('what is emitted while a message is on its way leaves in the next', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: () => undefined })
  await using place = await run(hub)
  const first = place.ctx.emit('a')
  const heard = await hub.nth('emit')
  const rest = ['b', 'c'].map(place.ctx.emit)
  hub.scripts.emit = wellHub.emit
  heard.answer({ ok: ['stored'] })
  await Promise.all([first, ...rest])
  expect(hub.all('emit').map(shown)).toEqual([
    [[0, 'a']],
    [
      [1, 'b'],
      [2, 'c'],
    ],
  ])
})

test('a message is cut by the hub’s batch and frame', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  hub.welcome = { protocol: 1, limits: { ...limits, batch: 2, frameBytes: 100_000 } }
  await using place = await run(hub)
  await Promise.all(['a', 'b', 'c', 'x'.repeat(40_000), 'y'.repeat(40_000)].map(place.ctx.emit))
  expect(hub.all('emit').map((heard) => emissions(heard).length)).toEqual([2, 2, 1])
})

test('the settlement waits for the chunks, also those that nobody awaits, and carries how many were stored', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: () => undefined })
  await using place = await run(hub)
  void place.ctx.emit('a')
  void place.ctx.emit('b')
  place.finish('done')
  const heard = await hub.nth('emit')
  expect(hub.all('settle')).toEqual([])
  heard.answer({ ok: ['stored', 'stored'] })
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ ...leaseOf(place.sent), chunks: 2, outcome: { type: 'ok' } }])
})

test('an attempt that emitted nothing counts no chunks', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  place.finish()
  expect(settlements(await hub.nth('settle'))[0]).not.toHaveProperty('chunks')
})

test('a chunk is validated, and stored as the schema gives it', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const definition = defineJob({ name: 'job', chunk: z.object({ at: z.string().transform((text) => text.length) }) })
  await using place = await run(hub, { definition: definition as never })
  await place.ctx.emit({ at: 'four' })
  expect(await failed(place.ctx.emit({ at: 4 }))).toMatchObject({
    name: 'EmitError',
    code: 'invalid',
    message: expect.stringMatching(/^The chunk is invalid: chunk\.at: /),
  })
  await place.ctx.emit({ at: 'x' })
  expect(everyChunk(hub)).toEqual([
    [0, { at: 4 }],
    [1, { at: 1 }],
  ])
})

test('chunks whose validation takes its time keep their order, and a refused one leaves no gap', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const gates = new Map<string, () => void>()
  const slow = z.string().refine(async (text) => {
    if (text.startsWith('slow')) await new Promise<void>((resolve) => gates.set(text, resolve))
    return text !== 'slow and bad'
  })
  await using place = await run(hub, { definition: defineJob({ name: 'job', chunk: slow }) as never })
  const all = ['slow', 'quick', 'slow and bad', 'last'].map((chunk) => failed(place.ctx.emit(chunk)))
  gates.get('slow and bad')?.()
  gates.get('slow')?.()
  place.finish()
  expect(await Promise.all(all)).toMatchObject([undefined, undefined, { code: 'invalid' }, undefined])
  expect(everyChunk(hub)).toEqual([
    [0, 'slow'],
    [1, 'quick'],
    [2, 'last'],
  ])
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ chunks: 3 }])
})

test('a schema that throws, and a value that cannot be encoded, are invalid chunks', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const chunk = {
    '~standard': {
      version: 1,
      vendor: 'x',
      validate: (value: unknown) => {
        if (value === 1) throw new Error('broken')
        return { value }
      },
    },
  } as never
  await using place = await run(hub, { definition: defineJob({ name: 'job', chunk }) as never })
  expect(await failed(place.ctx.emit(1))).toMatchObject({ code: 'invalid', message: 'The schema of the chunk threw: broken' })
  expect(await failed(place.ctx.emit({ f() {} }))).toMatchObject({
    code: 'invalid',
    message: 'The chunk is invalid: Cannot encode the function "f" at .f.',
  })
})

test('a chunk is stored as it was when it was emitted', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  const chunk = { n: 1 }
  const stored = place.ctx.emit(chunk)
  chunk.n = 2
  await stored
  expect(everyChunk(hub)).toEqual([[0, { n: 1 }]])
})

test('a chunk larger than a result may be is refused here, and does not count', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  hub.welcome = { protocol: 1, limits: { ...limits, resultBytes: 1_024 } }
  await using place = await run(hub)
  expect(await failed(place.ctx.emit('é'.repeat(600)))).toMatchObject({
    code: 'too_large',
    message: 'The encoded chunk takes 1204 bytes; at most 1024 are taken.',
  })
  await place.ctx.emit('a')
  expect(everyChunk(hub)).toEqual([[0, 'a']])
})

test('an attempt that has emitted all it may is refused more, and settles with what is stored', async () => {
  await using hub = await ScriptedHub.open({
    ...wellHub,
    emit: ({ message }) => message.chunks.map(({ index }: Emission) => (index < 1 ? 'stored' : index === 1 ? 'full' : 'gap')),
  })
  await using place = await run(hub)
  const all = await Promise.all(['a', 'b', 'c'].map((chunk) => failed(place.ctx.emit(chunk))))
  expect(all).toMatchObject([undefined, { code: 'full' }, { code: 'full' }])
  expect(await failed(place.ctx.emit('d'))).toMatchObject({ code: 'full' })
  place.finish()
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ chunks: 1 }])
  expect(hub.all('emit')).toHaveLength(1)
})

test('16 MiB of chunks are the bound here too', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  const large = 'x'.repeat(1_000_000)
  for (let i = 0; i < 16; i += 1) await place.ctx.emit(large)
  expect(await failed(place.ctx.emit(large))).toMatchObject({ code: 'full', message: expect.stringContaining('100000 chunks of 16777216 bytes') })
  await place.ctx.emit('still fits')
})

test('a chunk of a lost lease is refused as stale, and the attempt is aborted', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: ({ message }) => message.chunks.map(() => 'stale') })
  await using place = await run(hub)
  const all = await Promise.all(['a', 'b'].map((chunk) => failed(place.ctx.emit(chunk))))
  expect(all).toMatchObject([{ code: 'stale' }, { code: 'stale' }])
  expect(place.ctx.signal.reason).toMatchObject({ message: 'The lease on this job was lost.' })
  expect(await failed(place.ctx.emit('c'))).toMatchObject({ code: 'stale' })
  place.finish()
  await place.worker.drain()
  expect(hub.all('settle')).toEqual([])
})

test('after the attempt has ended nothing is emitted', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using place = await run(hub)
  place.finish()
  await hub.nth('settle')
  expect(await failed(place.ctx.emit('late'))).toMatchObject({ code: 'ended', message: 'The chunk is not stored: its attempt has ended.' })
  expect(hub.all('emit')).toEqual([])
})

test('a timeout ends the attempt: it settles with its chunks, and more are refused', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1, { timeout: 50 })])
  const { ctx } = await started()
  await ctx.emit('a')
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ chunks: 1, outcome: { code: 'job_timeout' } }])
  expect(await failed(ctx.emit('late'))).toMatchObject({ code: 'ended' })
})

test('chunks that were not acknowledged leave again after a reconnect, in order and under the same numbers', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: () => undefined })
  await using place = await run(hub)
  const all = ['a', 'b'].map(place.ctx.emit)
  const first = await hub.nth('emit')
  const late = place.ctx.emit('c')
  place.finish()
  hub.scripts.emit = wellHub.emit
  hub.cut()
  await Promise.all([...all, late])
  const second = await hub.nth('emit', 2)
  expect(emissions(second).slice(0, 2)).toEqual(emissions(first))
  expect(shown(second)).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ])
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ chunks: 3 }])
  const order = hub.heard.map(({ event }) => event)
  expect(order.lastIndexOf('register')).toBeLessThan(order.lastIndexOf('emit'))
  expect(order.indexOf('settle')).toBeGreaterThan(order.lastIndexOf('emit'))
})

test('a store that is unavailable gets the chunks again', async () => {
  let tries = 0
  await using hub = await ScriptedHub.open({
    ...wellHub,
    emit: (heard) => (++tries < 3 ? { refused: { code: 'store_unavailable', message: 'Busy.' } } : wellHub.emit(heard)),
  })
  await using place = await run(hub)
  await place.ctx.emit('a')
  expect([tries, everyChunk(hub).length]).toEqual([3, 3])
})

test('one chunk that the hub cannot take does not hold up those of other jobs', async () => {
  const bad = ({ message }: Heard) => message.chunks.some(({ value }: Emission) => open(value) === 'bad')
  await using hub = await ScriptedHub.open({
    ...wellHub,
    emit: (heard) => (bad(heard) ? { refused: { code: 'invalid_message', message: 'No.' } } : wellHub.emit(heard)),
  })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1), assignment(2)])
  const [one, other] = [await started(1), await started(2)]
  const all = [one.ctx.emit('bad'), one.ctx.emit('behind it'), other.ctx.emit('good')].map(failed)
  expect(await Promise.all(all)).toMatchObject([{ code: 'refused', message: 'The hub does not take the chunk: No.' }, { code: 'refused' }, undefined])
})

test('a chunk that fails and that nobody awaits is logged once, and is no unhandled rejection', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  const warnings: unknown[] = []
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  await using place = await run(hub, { log: { ...silent, warn: (...line) => void warnings.push(line) } })
  for (const chunk of [() => 1, () => 2]) void place.ctx.emit(chunk)
  place.finish()
  await hub.nth('settle')
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
  expect(warnings).toEqual([['The chunk is invalid: Cannot encode a function.', { job: 'job', id: place.sent.jobId, attempt: 1, code: 'invalid' }]])
})

test('a failed emit that the handler awaits fails the attempt like any exception', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using worker = work(hub, [job.perform(async (_, ctx) => ctx.emit(() => 1))])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ outcome: { type: 'error', code: 'exception', name: 'EmitError' } }])
})

test('a worker that closes gives up what is not stored', async () => {
  await using hub = await ScriptedHub.open({ ...wellHub, emit: () => undefined })
  await using place = await run(hub)
  const lost = failed(place.ctx.emit('a'))
  await hub.nth('emit')
  await place.worker.close()
  const error = await lost
  expect(error).toBeInstanceOf(EmitError)
  expect(error).toMatchObject({ code: 'stale' })
})

test('emit and progress taken from the context work by themselves', async () => {
  await using hub = await ScriptedHub.open(wellHub)
  await using worker = work(hub, [
    job.perform(async (_, { emit, progress }: Context) => {
      progress(1)
      await emit('a')
    }),
  ])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  await hub.nth('settle')
  expect(hub.heard.map(({ event }) => event).sort()).toEqual(['emit', 'progress', 'register', 'settle'])
})
