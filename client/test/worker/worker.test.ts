import { codecTag, type Settlement, seal } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from '#client/index.js'
import { type Context, createWorker } from '#client/worker/index.js'
import { assignment, leaseOf } from '../support/assignment.js'
import { type Heard, limits, ScriptedHub } from '../support/scriptedHub.js'
import { heldHandler, settlements, silent, wellHub, work } from '../support/workerScripts.js'

const job = defineJob({ name: 'job' })
const { register, settle, drain } = wellHub

test('a worker connects at once and registers what it runs', async () => {
  await using hub = await ScriptedHub.open({ register })
  await using worker = work(hub, [job.perform(() => 1)], { queues: { default: 3, media: 1 }, token: () => 'secret' })
  await worker.ready
  expect(workerMessages.register.parse(hub.heard[0]?.message)).toEqual({ names: ['job'], queues: { default: 3, media: 1 }, held: [] })
  expect(hub.handshakes).toMatchObject([{ token: 'secret' }])
})

test('ten slots of the default queue are the default', async () => {
  await using hub = await ScriptedHub.open({ register })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  expect(hub.heard[0]?.message.queues).toEqual({ default: 10 })
})

test('a job that is sent runs with its args and context, and what it gave is settled under its lease', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  const seen: Context[] = []
  const handler = (args: { int: number }, ctx: Context) => {
    seen.push(ctx)
    return args.int * 2
  }
  await using worker = work(hub, [defineJob({ name: 'job', args: z.object({ int: z.number() }) }).perform(handler)])
  await worker.ready
  const sent = assignment({ int: 2 }, { attempt: 2, maxAttempts: 3, meta: { a: 1 } })
  hub.socket.emit('perform', [sent])
  expect(settlements(await hub.nth('settle'))).toEqual([{ ...leaseOf(sent), outcome: { type: 'ok', codec: codecTag, value: seal(4) } }])
  expect(seen).toMatchObject([
    { attempt: 2, maxAttempts: 3, job: { id: sent.jobId, name: 'job', queue: 'default', meta: { a: 1 }, scheduledAt: new Date(5) } },
  ])
})

test('what ends in one turn is settled in one message', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  await using worker = work(hub, [job.perform((n: number) => n)])
  await worker.ready
  hub.socket.emit(
    'perform',
    [1, 2, 3].map((n) => assignment(n)),
  )
  expect(settlements(await hub.nth('settle'))).toHaveLength(3)
})

test('args of an unknown codec give invalid_args', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1, { codec: 'd99' }), assignment(1, { args: '[[' })])
  expect(settlements(await hub.nth('settle')).map(({ outcome }) => outcome)).toMatchObject([{ code: 'invalid_args' }, { code: 'invalid_args' }])
})

test('a thrown error is settled with its trace sealed apart, and with the definition’s backoff', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  const throwing = defineJob({ name: 'job', backoff: (attempt) => attempt * 10 }).perform(() => {
    throw new TypeError('bad', { cause: 'why' })
  })
  await using worker = work(hub, [throwing])
  await worker.ready
  hub.socket.emit('perform', [assignment(1, { attempt: 2 }), assignment(1, { attempt: 20 })])
  const [retried, last] = settlements(await hub.nth('settle')).map(({ outcome }) => outcome)
  expect(retried).toMatchObject({
    type: 'error',
    code: 'exception',
    name: 'TypeError',
    message: 'bad',
    trace: expect.stringContaining('why'),
    backoff: 20,
  })
  expect(last).not.toHaveProperty('backoff')
})

test('a timeout settles at once, and what the handler gives later is dropped', async () => {
  await using hub = await ScriptedHub.open({ register, settle, drain })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1, { timeout: 20 })])
  const run = await started(1)
  expect(settlements(await hub.nth('settle'))).toMatchObject([
    { outcome: { code: 'job_timeout', message: 'The job ran longer than its timeout of 20 ms.' } },
  ])
  expect(run.ctx.signal.aborted).toBe(true)
  run.finish('late')
  await worker.drain()
  expect(hub.all('settle')).toHaveLength(1)
})

test('the hub’s limit on results is kept in the worker', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  hub.welcome = { protocol: 1, limits: { ...limits, resultBytes: 1_024 } }
  await using worker = work(hub, [job.perform(() => 'x'.repeat(2_000))])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  expect(settlements(await hub.nth('settle'))).toMatchObject([
    { outcome: { code: 'result_too_large', message: 'The encoded result takes 2004 bytes; at most 1024 are taken.' } },
  ])
})

test('a job of a name that nobody here runs is settled as an exception', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1, { name: 'stranger' })])
  expect(settlements(await hub.nth('settle'))).toMatchObject([
    { outcome: { code: 'exception', message: 'This worker runs no jobs named "stranger".' } },
  ])
})

test('after a reconnect a worker presents what it still runs, and keeps it', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const run = await started(1)
  hub.cut()
  expect((await hub.nth('register', 2)).message).toMatchObject({ names: ['job'], held: [leaseOf(sent)] })
  run.finish('kept')
  expect(settlements(await hub.nth('settle'))).toMatchObject([{ ...leaseOf(sent), outcome: { type: 'ok', value: seal('kept') } }])
  expect(run.ctx.signal.aborted).toBe(false)
})

test('a lease that is no longer held after a reconnect aborts its run, whose outcome is dropped', async () => {
  await using hub = await ScriptedHub.open({ register, settle, drain })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment('lost'), assignment('kept')])
  const [lost, kept] = [await started(1), await started(2)]
  hub.scripts.register = ({ message }) => ({ held: message.held.map((_: unknown, i: number) => i > 0), leaseMs: 15_000 })
  const aborted = new Promise((resolve) => lost.ctx.signal.addEventListener('abort', resolve))
  hub.cut()
  await aborted
  lost.finish('lost')
  kept.finish('kept')
  await worker.drain()
  expect(hub.all('settle').flatMap(settlements)).toMatchObject([{ outcome: { value: seal('kept') } }])
})

test('a settlement whose acknowledgement was lost leaves again after the reconnect', async () => {
  await using hub = await ScriptedHub.open({ register, drain })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const first = await hub.nth('settle')
  hub.scripts.settle = settle
  hub.cut()
  const second = await hub.nth('settle', 2)
  expect(second.message).toEqual(first.message)
  expect((await hub.nth('register', 2)).message.held).toEqual([leaseOf(sent)])
  await worker.drain()
  expect(hub.all('settle')).toHaveLength(2)
})

test('a settlement that came too late is dropped and logged', async () => {
  await using hub = await ScriptedHub.open({ register, settle: ({ message }) => message.settlements.map(() => 'stale'), drain })
  const warnings: unknown[] = []
  await using worker = work(hub, [job.perform(() => 1)], { logger: { ...silent, warn: (...line) => void warnings.push(line) } })
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  await hub.nth('settle')
  await worker.drain()
  expect(warnings).toEqual([[expect.stringContaining('too late'), { id: sent.jobId }]])
  expect(hub.all('settle')).toHaveLength(1)
})

test('a store that is unavailable gets the settlement again', async () => {
  let tries = 0
  await using hub = await ScriptedHub.open({
    register,
    settle: (heard) => (++tries < 3 ? { refused: { code: 'store_unavailable', message: 'Busy.' } } : settle(heard)),
  })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  const [first, third] = [await hub.nth('settle'), await hub.nth('settle', 3)]
  expect(third.message).toEqual(first.message)
})

test('one settlement that the hub cannot take does not hold up its neighbours', async () => {
  const refused = { refused: { code: 'invalid_message', message: 'No.' } }
  const hasBad = ({ message }: Heard) => message.settlements.some(({ outcome }: Settlement) => outcome.type === 'ok' && outcome.value === seal('bad'))
  await using hub = await ScriptedHub.open({ register, settle: (heard) => (hasBad(heard) ? refused : settle(heard)), drain })
  const errors: unknown[] = []
  const worker = work(hub, [job.perform((given: string) => given)], { logger: { ...silent, error: (...line) => void errors.push(line) } })
  await worker.ready
  hub.socket.emit(
    'perform',
    ['good', 'bad', 'fine'].map((given) => assignment(given)),
  )
  await hub.nth('settle', 4)
  await worker.drain()
  expect(hub.all('settle').map((heard) => settlements(heard).length)).toEqual([3, 1, 1, 1])
  expect(errors).toEqual([['The hub refuses a result: No.', expect.objectContaining({ code: 'invalid_message' })]])
})

test('leases are renewed every third of their length, all in one message, and a lost one aborts its run', async () => {
  await using hub = await ScriptedHub.open({
    register: () => ({ held: [], leaseMs: 60 }),
    renew: ({ message }) => message.leases.map((_: unknown, i: number) => i > 0),
    settle,
    drain,
  })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = [assignment(1), assignment(2)]
  hub.socket.emit('perform', sent)
  const lost = await started(1)
  const aborted = new Promise((resolve) => lost.ctx.signal.addEventListener('abort', resolve))
  expect((await hub.nth('renew')).message.leases).toEqual(sent.map(leaseOf))
  await aborted
  expect((await hub.nth('renew', 2)).message.leases).toEqual(sent.slice(1).map(leaseOf))
})

test('leases that the hub says are lost abort their runs', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const run = await started(1)
  const aborted = new Promise((resolve) => run.ctx.signal.addEventListener('abort', resolve))
  hub.socket.emit('lost', [leaseOf(sent)])
  await aborted
  expect(run.ctx.signal.reason).toMatchObject({ message: 'The lease on this job was lost.' })
})

test('a drain takes nothing more, waits for what runs, and disconnects once it is stored', async () => {
  await using hub = await ScriptedHub.open({ register, drain })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  const run = await started(1)
  const drained = worker.drain()
  expect((await hub.nth('drain')).message).toEqual({ release: [] })
  const late = assignment(2)
  await hub.socket.emitWithAck('perform', [late])
  expect((await hub.nth('drain', 2)).message).toEqual({ release: [leaseOf(late)] })
  run.finish('done')
  const heard = await hub.nth('settle')
  expect(hub.socket.connected).toBe(true)
  heard.answer({ ok: ['settled'] })
  await drained
  await hub.when(() => hub.socket.disconnected)
  await worker.drain()
  await worker.close()
})

test('a drain over its timeout aborts the rest and hands it back', async () => {
  await using hub = await ScriptedHub.open({ register, settle, drain })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const run = await started(1)
  await worker.drain({ timeout: 30 })
  expect(run.ctx.signal.aborted).toBe(true)
  expect(hub.all('drain').map(({ message }) => message.release)).toEqual([[], [leaseOf(sent)]])
  expect(hub.all('settle')).toEqual([])
})

test('close stops now: what runs is handed back, what has finished is stored first', async () => {
  await using hub = await ScriptedHub.open({ register, drain })
  const { handler, started } = heldHandler()
  await using worker = work(hub, [job.perform(handler)])
  await worker.ready
  const [finished, running] = [assignment(1), assignment(2)]
  hub.socket.emit('perform', [finished, running])
  const [first, second] = [await started(1), await started(2)]
  first.finish()
  const heard = await hub.nth('settle')
  const closed = worker.close()
  expect((await hub.nth('drain')).message).toEqual({ release: [leaseOf(running)] })
  expect(second.ctx.signal.aborted).toBe(true)
  heard.answer({ ok: ['settled'] })
  await closed
  await hub.when(() => hub.socket.disconnected)
  await worker.close()
})

test('close during a drain ends it', async () => {
  await using hub = await ScriptedHub.open({ register, settle, drain })
  const { handler, started } = heldHandler()
  const worker = work(hub, [job.perform(handler)])
  await worker.ready
  hub.socket.emit('perform', [assignment(1)])
  await started(1)
  const drained = worker.drain({ timeout: Number.POSITIVE_INFINITY })
  await hub.nth('drain')
  await worker.close()
  await drained
})

test('a worker that reconnects while it drains offers no slots', async () => {
  await using hub = await ScriptedHub.open({ register, settle, drain })
  const { handler, started } = heldHandler()
  const worker = work(hub, [job.perform(handler)])
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  const run = await started(1)
  const drained = worker.drain()
  await hub.nth('drain')
  hub.cut()
  expect((await hub.nth('register', 2)).message).toEqual({ names: [], queues: {}, held: [leaseOf(sent)] })
  run.finish()
  await drained
})

test('a worker that never reached its hub closes at once', async () => {
  const worker = createWorker('http://127.0.0.1:1', { jobs: [job.perform(() => 1)], logger: silent })
  await worker.close()
  await expect(worker.ready).rejects.toMatchObject({ code: 'closed' })
})

test.each(['handshake', 'register'])('a worker refused at its %s says so once, and its ready rejects', async (where) => {
  const refusal = { code: 'forbidden', message: 'Not a worker.' }
  await using hub = await ScriptedHub.open({ register: () => ({ refused: refusal }) })
  if (where === 'handshake') hub.refusal = refusal
  const errors: unknown[] = []
  const worker = work(hub, [job.perform(() => 1)], { logger: { ...silent, error: (...line) => void errors.push(line) } })
  await expect(worker.ready).rejects.toMatchObject({ code: 'forbidden', message: 'Not a worker.' })
  await worker.drain()
  await worker.close()
  expect(errors).toEqual([['The hub refuses this worker: Not a worker.', { code: 'forbidden' }]])
})

test('a registration that meets trouble is tried again on another connection', async () => {
  let tries = 0
  await using hub = await ScriptedHub.open({
    register: (heard) => (++tries === 1 ? { refused: { code: 'store_unavailable', message: 'Busy.' } } : register(heard)),
  })
  await using worker = work(hub, [job.perform(() => 1)])
  await worker.ready
  expect([tries, hub.sockets.length]).toEqual([2, 2])
})

test('ctx.log writes to the worker’s logger, and says which job it is', async () => {
  await using hub = await ScriptedHub.open({ register, settle })
  const lines: unknown[] = []
  const handler = (_: unknown, { log }: Context) => log.info('half way', { done: 5 })
  await using worker = work(hub, [job.perform(handler)], { logger: { ...silent, info: (...line) => void lines.push(line) } })
  await worker.ready
  const sent = assignment(1)
  hub.socket.emit('perform', [sent])
  await hub.nth('settle')
  expect(lines).toEqual([['half way', { job: 'job', id: sent.jobId, attempt: 1, done: 5 }]])
})

const one = job.perform(() => 1)
test.each([
  [{}, 'jobs: expected at least one, made by definition.perform(handler), got undefined'],
  [{ jobs: [] }, 'jobs: expected at least one, made by definition.perform(handler), got an array'],
  [{ jobs: [job] }, 'jobs[0]: expected what definition.perform(handler) gives, got an object'],
  [{ jobs: [one, one] }, 'jobs[1]: expected one handler for each name, got a second for "job"'],
  [{ jobs: [one], queues: {} }, 'queues: expected at least one queue with its slots, such as { default: 10 }, got an object'],
  [{ jobs: [one], queues: { default: 0 } }, 'queues.default: expected an integer from 1 to 100000, got 0'],
  [{ jobs: [one], queues: 10 }, 'queues: expected at least one queue with its slots, such as { default: 10 }, got 10'],
  [{ jobs: [one], token: 1 }, 'token: expected a string or a function, got 1'],
  [undefined, 'options: expected an object with jobs, got undefined'],
])('createWorker refuses wrong options at once (%#)', (options, message) => {
  expect(() => createWorker('http://127.0.0.1:1', options as never)).toThrow(new TypeError(message))
})

test('drain refuses a timeout that is none', async () => {
  const worker = createWorker('http://127.0.0.1:1', { jobs: [one], logger: silent })
  await expect(worker.drain({ timeout: -1 })).rejects.toThrow('timeout: expected milliseconds from 0 to Infinity, got -1')
  await worker.close()
})
